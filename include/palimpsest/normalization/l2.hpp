// k ← k/‖k‖,  q ← q/(‖q‖ + ε). Then k·k = 1, so that the delta rule with β = 1 replaces a key's value exactly.
// Source: Yang et al. 2024, "Parallelizing linear transformers with the delta rule" (arXiv 2406.06484), section 3.3.
#pragma once

#include "palimpsest/normalization/normalization.hpp"

namespace palimpsest {

template <class T>
struct L2Normalization : DivideByNorm<T> {
  static constexpr std::string_view name = "l2";
  static constexpr std::string_view summary = "keys and queries divided by their length";
};

}  // namespace palimpsest
