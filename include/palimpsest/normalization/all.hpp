// The list of normalisations; add yours here, a map of tokens, and below it the same with the accumulator.
#pragma once

#include "palimpsest/core/registry.hpp"
#include "palimpsest/normalization/accumulated.hpp"
#include "palimpsest/normalization/centered_l2.hpp"
#include "palimpsest/normalization/l2.hpp"
#include "palimpsest/normalization/none.hpp"
#include "palimpsest/normalization/sum.hpp"
#include "palimpsest/normalization/sum_of_squares.hpp"

namespace palimpsest {

template <class T>
using AttentionNormalization = Accumulated<NoNormalization<T>>;

// Every map of tokens, without and with the accumulator; but features without their mean have no sign to divide by.
template <class T>
using Normalizations =
    TypeList<NoNormalization<T>, SumNormalization<T>, AttentionNormalization<T>, Accumulated<SumNormalization<T>>,
             L2Normalization<T>, SumOfSquaresNormalization<T>, CenteredL2Normalization<T>,
             Accumulated<L2Normalization<T>>, Accumulated<SumOfSquaresNormalization<T>>>;

}  // namespace palimpsest
