// Random unit keys in R^d without training, N writes with distinct one-hot values, every key then queried: the means
// over the keys of three rules, ρ = 1 − 1/d.
//   sum, "Hebbian":       W = Σ v kᵀ                    relative error (N−1)/d
//   least squares:        W = V K⁺                      relative error max(0, 1 − d/N)
//   delta, β = 1:         W ← W + (v − W k) kᵀ          loss of the write at t0, τ = T − t0 writes ago:
//                         1 − ρ^τ − ½ ρ^{t0} (ρ^τ − λ^τ) ,   λ = (d² − 2)/(d(d + 2))
// Relative error is E‖v − ŷ‖²/‖v‖², twice the loss. Derivation: README.md, "Random unit keys".
#pragma once

#include <algorithm>
#include <cmath>

#include "palimpsest/theory/domain.hpp"

namespace palimpsest::theory {

/// (N−1)/d, N ≥ 1 keys of size d ≥ 1; else ConfigurationError. The mean loss is half of it.
inline double hebbian_relative_error(Index N, Index d) {
  require_range<Index>("Hebbian error", "N", N, 1);
  require_range<Index>("Hebbian error", "d", d, 1);
  return static_cast<double>(N - 1) / static_cast<double>(d);
}

/// g = 1/(1 + (N−1)/d), the factor on the read-out with the least mean loss. Ranges as above.
inline double hebbian_best_gain(Index N, Index d) { return 1 / (1 + hebbian_relative_error(N, d)); }

/// ½[(1−g)² + g²(N−1)/d], mean loss with the read-out multiplied by g; g = 1: ½(N−1)/d; g = hebbian_best_gain:
/// ½(N−1)/(N−1+d). Ranges as above.
inline double hebbian_loss(Index N, Index d, double gain = 1) {
  return 0.5 * ((1 - gain) * (1 - gain) + gain * gain * hebbian_relative_error(N, d));
}

/// max(0, 1 − d/N): no mean but exact for keys in general position, and the rank bound of p = d. N, d ≥ 1; else
/// ConfigurationError.
inline double least_squares_relative_error(Index N, Index d) {
  require_range<Index>("least squares error", "N", N, 1);
  require_range<Index>("least squares error", "d", d, 1);
  return static_cast<double>(std::max<Index>(0, N - d)) / static_cast<double>(N);
}

/// E‖W_T‖_F² = d(1 − ρ^T) after T writes of the delta rule, β = 1. T ≥ 0, d ≥ 1; else ConfigurationError.
inline double delta_squared_norm(Index T, Index d) {
  require_range<Index>("delta norm", "T", T, 0);
  require_range<Index>("delta norm", "d", d, 1);
  const double D = static_cast<double>(d);
  return D * (1 - std::pow(1 - 1 / D, static_cast<double>(T)));
}

/// Mean loss after T writes of the delta rule, β = 1, for the key written at t0 = 1..T. d ≥ 1; else
/// ConfigurationError.
inline double delta_write_loss(Index t0, Index T, Index d) {
  require_range<Index>("delta loss", "T", T, 1);
  require_range<Index>("delta loss", "t0", t0, 1, T);
  require_range<Index>("delta loss", "d", d, 1);
  const double D = static_cast<double>(d), tau = static_cast<double>(T - t0);
  const double kept = std::pow(1 - 1 / D, tau);
  const double lambda = (D * D - 2) / (D * (D + 2));
  return 1 - kept - 0.5 * std::pow(1 - 1 / D, static_cast<double>(t0)) * (kept - std::pow(lambda, tau));
}

/// Mean of delta_write_loss over t0 = 1..T. Cost T. Ranges as above.
inline double delta_mean_loss(Index T, Index d) {
  require_range<Index>("delta loss", "T", T, 1);
  double sum = 0;
  for (Index t0 = 1; t0 <= T; ++t0) sum += delta_write_loss(t0, T, d);
  return sum / static_cast<double>(T);
}

}  // namespace palimpsest::theory
