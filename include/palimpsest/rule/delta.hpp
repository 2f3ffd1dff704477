// v̄ = ρ W k,  W ← W + β (v − v̄) kᵀ,  y = W q: what the key holds is replaced, as far as β says.
// Source: Widrow, Hoff 1960; Schlag, Irie, Schmidhuber 2021 (arXiv 2102.11174), eqs. 21–25.
#pragma once

#include "palimpsest/rule/recurrence.hpp"

namespace palimpsest {

template <class T>
struct DeltaRule : Recurrence<DeltaRule<T>, T> {
  static constexpr std::string_view name = "delta";
  static constexpr std::string_view summary = "W += beta (v - W k) k' (2021)";
  static constexpr std::array gates{kBeta};
  static constexpr RuleTraits traits{.retrieves = true, .may_reflect = true};

  static WriteShares<T> shares(const Write<T, 1>& write) { return {1, write.gates[0], write.gates[0]}; }
  static Write<T, 1> shares_backward(const Write<T, 1>&, const WriteShares<T>& d) { return {{d.write + d.erased}}; }
};

}  // namespace palimpsest
