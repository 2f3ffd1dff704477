// W ← α W (I − β c k kᵀ) + β v kᵀ,  y = W q: the gated delta rule that removes c times what the key retrieves, c learnt once.
// Source: Hu et al. 2025, "Comba" (arXiv 2506.02475), eq. 9, there with a correction of the query as well.
#pragma once

#include "palimpsest/rule/recurrence.hpp"

namespace palimpsest {

template <class T>
struct CombaRule : Recurrence<CombaRule<T>, T> {
  static constexpr std::string_view name = "comba";
  static constexpr std::string_view summary =
      "gated_delta that removes c times what the key retrieves, c learnt (Comba)";
  static constexpr std::array gates{
      kBeta, kAlpha,
      Gate{.name = "c", .meaning = "share of the retrieved value removed", .start = 1, .constant = true}};
  static constexpr RuleTraits traits{.retrieves = true};

  static WriteShares<T> shares(const Write<T, 3>& write) {
    const auto [beta, alpha, c] = write.gates;
    return {alpha, beta * c, beta};
  }
  static Write<T, 3> shares_backward(const Write<T, 3>& write, const WriteShares<T>& d) {
    const auto [beta, alpha, c] = write.gates;
    return {{d.write + c * d.erased, d.decay, beta * d.erased}};
  }
};

}  // namespace palimpsest
