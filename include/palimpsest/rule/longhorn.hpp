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
  static constexpr bool uses_strength = true, uses_decay = false, retrieves = true, looks_at_norm = true;

  static WriteStep<T> step(const Write<T>& write) {
    const T delta = write.beta / (1 + write.beta * write.squared_norm);
    return {1, delta * write.retrieval, delta};
  }
  static Write<T> step_backward(const Write<T>& write, const WriteStep<T>& d) {
    const T inverse = 1 / (1 + write.beta * write.squared_norm), delta = write.beta * inverse;
    const T ddelta = d.write + write.retrieval * d.erase;  // ∂Δ/∂β = 1/(1+β‖k‖²)², ∂Δ/∂‖k‖² = −Δ²
    return {inverse * inverse * ddelta, 0, delta * d.erase, -delta * delta * ddelta};
  }
};

}  // namespace palimpsest
