// n delta steps a write, each with a key and a strength β ∈ (0, 2) of its own and all with the write's value:
//   W ← W + β_j (v − ρ W k_j) k_jᵀ,   j = 1..n ;   y = W q .
// The transition is a product of n generalised Householder reflections. n = 1 is the delta rule with β up to 2.
// Source: Siems et al. 2025, "DeltaProduct" (arXiv 2502.10297), section 3; there each step has a value of its own too,
// but values here are given and not learnt.
#pragma once

#include <fmt/format.h>

#include "palimpsest/rule/delta.hpp"

namespace palimpsest {

template <class T>
struct DeltaProductRule : Recurrence<DeltaProductRule<T>, T> {
  static constexpr std::string_view name = "delta_product";
  static constexpr std::string_view argument = "n";
  static constexpr std::string_view summary =
      "n delta steps a write with keys of their own, beta up to 2 (DeltaProduct)";
  static constexpr std::array gates{kBeta};
  static constexpr RuleTraits traits{.retrieves = true, .largest_strength = 2};

  int n;

  /// Throws ConfigurationError unless 1 ≤ n ≤ 16.
  explicit DeltaProductRule(int n) : n(n) {
    if (n < 1 || n > 16) throw ConfigurationError(fmt::format("rule 'delta_product:{}': n must be from 1 to 16", n));
  }

  int argument_value() const { return n; }
  Index steps_a_write() const { return n; }
  static WriteShares<T> shares(const Write<T, 1>& write) { return DeltaRule<T>::shares(write); }
  static Write<T, 1> shares_backward(const Write<T, 1>& write, const WriteShares<T>& d) {
    return DeltaRule<T>::shares_backward(write, d);
  }
};

}  // namespace palimpsest
