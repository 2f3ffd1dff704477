// Both: k ← k/Σ_i k_i, q ← q/(Σ_i q_i + ε), and the accumulator of the mapped keys at read-out and retrieval.
// Source: Schlag, Irie, Schmidhuber 2021 (arXiv 2102.11174), an option of its language-model code.
#pragma once

#include "palimpsest/normalization/normalization.hpp"

namespace palimpsest {

template <class T>
struct SumAttentionNormalization : DivideBySum<T> {
  static constexpr std::string_view name = "sum+attention";
  static constexpr std::string_view summary = "sum, and read-out divided by z.q as attention does";
  static constexpr bool accumulates = true;
  static constexpr bool needs_nonnegative = true;
};

}  // namespace palimpsest
