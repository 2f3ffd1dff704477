// W ← α (W − β ρ W k kᵀ) + β v kᵀ,  y = W q: the delta rule on a state that decays.
// Source: Yang, Kautz, Hatamizadeh 2024, "Gated delta networks" (arXiv 2412.06464), eq. 10.
#pragma once

#include "palimpsest/rule/recurrence.hpp"

namespace palimpsest {

template <class T>
struct GatedDeltaRule : Recurrence<GatedDeltaRule<T>, T> {
  static constexpr std::string_view name = "gated_delta";
  static constexpr std::string_view summary = "W = alpha W (I - beta k k') + beta v k' (Gated DeltaNet)";
  static constexpr std::array gates{kBeta, kAlpha};
  static constexpr RuleTraits traits{.retrieves = true, .may_reflect = true};

  static WriteShares<T> shares(const Write<T, 2>& write) {
    const auto [beta, alpha] = write.gates;
    return {alpha, beta, beta};
  }
  static Write<T, 2> shares_backward(const Write<T, 2>&, const WriteShares<T>& d) {
    return {{d.write + d.erased, d.decay}};
  }
};

}  // namespace palimpsest
