// The list of normalisations; add yours here.
#pragma once

#include "palimpsest/core/registry.hpp"
#include "palimpsest/normalization/attention.hpp"
#include "palimpsest/normalization/none.hpp"
#include "palimpsest/normalization/sum.hpp"

namespace palimpsest {

template <class T>
using Normalizations = TypeList<NoNormalization<T>, SumNormalization<T>, AttentionNormalization<T>>;

}  // namespace palimpsest
