// k ← k/Σ_i k_i,  q ← q/(Σ_i q_i + ε).
// Source: Schlag, Irie, Schmidhuber 2021 (arXiv 2102.11174), eq. 27: their proposal for the delta rule.
#pragma once

#include "palimpsest/normalization/normalization.hpp"

namespace palimpsest {

template <class T>
struct SumNormalization : DivideBySum<T> {
  static constexpr std::string_view name = "sum";
  static constexpr std::string_view summary = "keys and queries divided by the sum of their entries";
};

}  // namespace palimpsest
