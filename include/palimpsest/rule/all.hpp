// The list of update rules; add yours here.
#pragma once

#include "palimpsest/core/registry.hpp"
#include "palimpsest/rule/sum.hpp"

namespace palimpsest {

template <class T>
using Rules = TypeList<SumRule<T>>;

}  // namespace palimpsest
