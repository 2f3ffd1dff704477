// The list of normalisations; add yours here.
#pragma once

#include "palimpsest/core/registry.hpp"
#include "palimpsest/normalization/attention.hpp"
#include "palimpsest/normalization/centered_l2.hpp"
#include "palimpsest/normalization/l2.hpp"
#include "palimpsest/normalization/none.hpp"
#include "palimpsest/normalization/sum.hpp"
#include "palimpsest/normalization/sum_attention.hpp"
#include "palimpsest/normalization/sum_of_squares.hpp"

namespace palimpsest {

template <class T>
using Normalizations =
    TypeList<NoNormalization<T>, SumNormalization<T>, AttentionNormalization<T>, SumAttentionNormalization<T>,
             L2Normalization<T>, SumOfSquaresNormalization<T>, CenteredL2Normalization<T>>;

}  // namespace palimpsest
