// W ← α W + v kᵀ,  y = W q: a scalar decay a write.
// Source: Sun et al. 2023, "RetNet" (arXiv 2307.08621), eq. 5, there with a fixed α; Dao, Gu 2024, "Mamba-2"
// (arXiv 2405.21060), with a learnt one.
#pragma once

#include "palimpsest/rule/recurrence.hpp"

namespace palimpsest {

template <class T>
struct DecayRule : Recurrence<DecayRule<T>, T> {
  static constexpr std::string_view name = "decay";
  static constexpr std::string_view summary = "W = alpha W + v k' (RetNet, Mamba-2)";
  static constexpr std::array gates{kAlpha};
  static constexpr RuleTraits traits{};

  static WriteShares<T> shares(const Write<T, 1>& write) { return {write.gates[0], 0, 1}; }
  static Write<T, 1> shares_backward(const Write<T, 1>&, const WriteShares<T>& d) { return {{d.decay}}; }
};

}  // namespace palimpsest
