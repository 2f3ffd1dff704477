// W ← α (W − β ρ W k kᵀ) + β v kᵀ,  y = W q: the delta rule on a state that decays.
// Source: Yang, Kautz, Hatamizadeh 2024, "Gated delta networks" (arXiv 2412.06464), eq. 10.
#pragma once

#include "palimpsest/rule/recurrence.hpp"

namespace palimpsest {

template <class T>
struct GatedDeltaRule : Recurrence<GatedDeltaRule<T>, T> {
  static constexpr std::string_view name = "gated_delta";
  static constexpr std::string_view summary = "W = alpha W (I - beta k k') + beta v k' (Gated DeltaNet)";
  static constexpr bool uses_strength = true, uses_decay = true, retrieves = true;

  static WriteStep<T> step(const Write<T>& write) {
    return {write.alpha, write.alpha * write.beta * write.retrieval, write.beta};
  }
  static Write<T> step_backward(const Write<T>& write, const WriteStep<T>& d) {
    return {d.write + write.alpha * write.retrieval * d.erase, d.decay + write.beta * write.retrieval * d.erase,
            write.alpha * write.beta * d.erase, 0};
  }
};

}  // namespace palimpsest
