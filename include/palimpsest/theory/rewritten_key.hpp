// One key rewritten n times by the delta rule with values v_1 … v_n, and read: y_n = Σ_i w_i v_i. What the
// normalisation leaves of the older values, with strength β the same each time:
//   attention   w_i = (β/n) Π_{j=i+1..n} (1 − β/(j−1)) ;   β = 1: w_i = (i−1)/(n(n−1)), total ½, the latest only 1/n
//   sum         w_i = βc (1 − βc)^{n−i} ,  c = ‖φ'‖² ∈ [1/p, 1] ,  φ' = φ/Σφ
//   l2          as sum with c = 1: exact at β = 1
// Attention here has z_{t−1} in the value retrieved while writing and z_t in the read-out.
// Derivation: README.md, "One key rewritten".
#pragma once

#include <cassert>

#include "palimpsest/theory/domain.hpp"

namespace palimpsest::theory {

/// w_1..w_n (entries 0..n−1) under attention normalisation, for any features φ of the key. n ≥ 1, 0 ≤ β ≤ 2; else
/// ConfigurationError.
inline Vector<double> rewritten_attention_weights(Index n, double beta) {
  require_range<Index>("rewritten key", "n", n, 1);
  require_range("rewritten key", "β", beta, 0.0, 2.0);
  Vector<double> w(n);
  double kept = beta / static_cast<double>(n);
  for (Index i = n - 1; i >= 0; --i) {
    w[i] = kept;
    if (i > 0) kept *= 1 - beta / static_cast<double>(i);  // the write after v_i is number i + 1 = j, so j − 1 = i
  }
  return w;
}

/// w_1..w_n under sum normalisation, c = ‖φ'‖²; l2 is c = 1. n ≥ 1, 0 ≤ β ≤ 2, 0 ≤ c ≤ 1; else ConfigurationError.
inline Vector<double> rewritten_sum_weights(Index n, double beta, double c) {
  require_range<Index>("rewritten key", "n", n, 1);
  require_range("rewritten key", "β", beta, 0.0, 2.0);
  require_range("rewritten key", "c", c, 0.0, 1.0);
  Vector<double> w(n);
  double kept = beta * c;
  for (Index i = n - 1; i >= 0; --i, kept *= 1 - beta * c) w[i] = kept;
  return w;
}

/// ½‖v_n − Σ w_i v_i‖² = ½[(1 − w_n)² + Σ_{i<n} w_i²] for distinct one-hot values. w: n ≥ 1 weights.
inline double rewritten_loss(const ConstVectorView<double>& w) {
  assert(w.size() > 0);
  const double latest = w[w.size() - 1];
  return 0.5 * (1 - 2 * latest + w.squaredNorm());
}

/// That loss under attention normalisation at β = 1: ½[1 − 2/n + (2n−1)/(6n(n−1))], n ≥ 2; 0 for n = 1. → ½.
/// n ≥ 1; else ConfigurationError.
inline double rewritten_attention_loss(Index n) {
  require_range<Index>("rewritten key", "n", n, 1);
  const double N = static_cast<double>(n);
  return n == 1 ? 0 : 0.5 * (1 - 2 / N + (2 * N - 1) / (6 * N * (N - 1)));
}

/// β/(1+β): what the total of the weights tends to under attention normalisation, for any stream of non-negative
/// features, instead of 1. 0 ≤ β ≤ 2; else ConfigurationError.
inline double attention_mass_limit(double beta) {
  require_range("attention mass", "β", beta, 0.0, 2.0);
  return beta / (1 + beta);
}

}  // namespace palimpsest::theory
