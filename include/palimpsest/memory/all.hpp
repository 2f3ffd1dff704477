// The list of memories; add yours here.
#pragma once

#include "palimpsest/core/registry.hpp"
#include "palimpsest/memory/fast_weight.hpp"
#include "palimpsest/memory/softmax.hpp"

namespace palimpsest {

template <class T>
using Memories = TypeList<FastWeight<T>, SoftmaxMemory<T>, WindowMemory<T>>;

}  // namespace palimpsest
