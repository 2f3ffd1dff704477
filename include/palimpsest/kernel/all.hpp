// The list of kernels; add yours here.
#pragma once

#include "palimpsest/core/registry.hpp"
#include "palimpsest/kernel/dpfp.hpp"
#include "palimpsest/kernel/elu.hpp"
#include "palimpsest/kernel/favor.hpp"
#include "palimpsest/kernel/identity.hpp"
#include "palimpsest/kernel/relu.hpp"

namespace palimpsest {

template <class T>
using Kernels = TypeList<Identity<T>, Elu<T>, Dpfp<T>, Favor<T>, FavorOnesided<T>, Relu<T>>;

}  // namespace palimpsest
