// v̄ = ρ W k,  W ← W + β (v − v̄) kᵀ,  y = W q: what the key holds is replaced, as far as β says.
// Source: Widrow, Hoff 1960; Schlag, Irie, Schmidhuber 2021 (arXiv 2102.11174), eqs. 21–25.
#pragma once

#include "palimpsest/rule/recurrence.hpp"

namespace palimpsest {

template <class T>
struct DeltaRule : Recurrence<DeltaRule<T>, T> {
  static constexpr std::string_view name = "delta";
  static constexpr std::string_view summary = "W += beta (v - W k) k' (2021)";
  static constexpr bool uses_strength = true, uses_decay = false, retrieves = true;

  static WriteStep<T> step(const Write<T>& write) { return {1, write.beta * write.retrieval, write.beta}; }
  static Write<T> step_backward(const Write<T>& write, const WriteStep<T>& d) {
    return {d.write + write.retrieval * d.erase, 0, write.beta * d.erase, 0};
  }
};

}  // namespace palimpsest
