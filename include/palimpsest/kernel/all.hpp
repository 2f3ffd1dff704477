// The list of kernels; add yours here.
#pragma once

#include "palimpsest/core/registry.hpp"
#include "palimpsest/kernel/dpfp.hpp"
#include "palimpsest/kernel/elu.hpp"
#include "palimpsest/kernel/favor.hpp"
#include "palimpsest/kernel/hedgehog.hpp"
#include "palimpsest/kernel/identity.hpp"
#include "palimpsest/kernel/l2.hpp"
#include "palimpsest/kernel/relu.hpp"
#include "palimpsest/kernel/relu2.hpp"
#include "palimpsest/kernel/rff.hpp"
#include "palimpsest/kernel/silu_l2.hpp"
#include "palimpsest/kernel/softmax_feature.hpp"
#include "palimpsest/kernel/tanh.hpp"
#include "palimpsest/kernel/taylor.hpp"

namespace palimpsest {

template <class T>
using Kernels = TypeList<Identity<T>, Elu<T>, Dpfp<T>, Favor<T>, FavorOnesided<T>, Relu<T>, Relu2<T>, Taylor<T>,
                         RandomFourier<T>, L2<T>, SiluL2<T>, SoftmaxFeature<T>, Tanh<T>, Hedgehog<T>>;

}  // namespace palimpsest
