// n delta steps a write, each with a key and a strength β of its own and all with the write's value:
//   W ← W + β_j (v − ρ W k_j) k_jᵀ,   j = 1..n ;   y = W q .
// The transition is a product of n generalised Householder reflections. With β up to 2 they reflect (negative
// eigenvalues), and two reflections rotate. n = 1 is the delta rule.
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
  static constexpr std::string_view summary = "n delta steps a write with keys of their own (DeltaProduct)";
  static constexpr std::array gates{kBeta};
  static constexpr RuleTraits traits{.retrieves = true, .may_reflect = true};

  int n;

  /// Throws ConfigurationError unless 1 ≤ n ≤ 16.
  explicit DeltaProductRule(int n) : n(n) {
    if (n < 1 || n > 16) throw ConfigurationError(fmt::format("rule 'delta_product:{}': n must be from 1 to 16", n));
  }

  int argument_value() const { return n; }
  Index steps_per_write() const { return n; }
  static WriteShares<T> shares(const Write<T, 1>& write) { return DeltaRule<T>::shares(write); }
  static Write<T, 1> shares_backward(const Write<T, 1>& write, const WriteShares<T>& d) {
    return DeltaRule<T>::shares_backward(write, d);
  }
};

}  // namespace palimpsest
