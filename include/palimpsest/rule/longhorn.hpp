// Δ = β/(1 + β‖k‖²),  W ← W + Δ (v − ρ W k) kᵀ,  y = W q: the delta rule's implicit step, the minimum of
// ‖W' − W‖² + β ‖v − W' k‖² over W' (for ρ = 1). It never overshoots, whatever the length of the key.
// Source: Liu et al. 2024, "Longhorn" (arXiv 2407.14207), eq. 6.
#pragma once

#include "palimpsest/rule/recurrence.hpp"

namespace palimpsest {

template <class T>
struct LonghornRule : Recurrence<LonghornRule<T>, T> {
  static constexpr std::string_view name = "longhorn";
  static constexpr std::string_view summary = "delta with the implicit step beta/(1 + beta |k|^2)";
  static constexpr std::array gates{kBeta};
  static constexpr RuleTraits traits{.retrieves = true, .looks_at_norm = true};

  static WriteShares<T> shares(const Write<T, 1>& write) {
    const T beta = write.gates[0], delta = beta / (1 + beta * write.squared_norm);
    return {1, delta, delta};
  }
  // By the inverse that the adjoint has anyway, which may differ from the quotient in its last bit.
  static WriteShares<T> shares_again(const Write<T, 1>& write) {
    const T beta = write.gates[0], delta = beta * (1 / (1 + beta * write.squared_norm));
    return {1, delta, delta};
  }
  static Write<T, 1> shares_backward(const Write<T, 1>& write, const WriteShares<T>& d) {
    const T beta = write.gates[0], inverse = 1 / (1 + beta * write.squared_norm), delta = beta * inverse;
    const T ddelta = d.write + d.erased;  // ∂Δ/∂β = 1/(1+β‖k‖²)², ∂Δ/∂‖k‖² = −Δ²
    return {{inverse * inverse * ddelta}, -delta * delta * ddelta};
  }
};

}  // namespace palimpsest
