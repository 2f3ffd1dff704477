// Accumulator z_t = z_{t−1} + k_t; read-out y = W q/(z·q + ε). The normalisation of linear attention.
// Source: Katharopoulos et al. 2020, "Transformers are RNNs", eqs. 9–10.
#pragma once

#include "palimpsest/normalization/normalization.hpp"

namespace palimpsest {

template <class T>
struct AttentionNormalization : LeaveTokens<T> {
  static constexpr std::string_view name = "attention";
  static constexpr std::string_view summary = "read-out divided by z.q, z the sum of all keys";
  static constexpr bool accumulates = true;
  static constexpr bool needs_nonnegative = true;
};

}  // namespace palimpsest
