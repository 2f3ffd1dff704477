// Softmax attention: no rank limit, what counts is the margin. S distinct keys and one-hot values, unit scale
// κ = ‖q‖‖k‖/√d, cosine gap Δ = 1 − (largest cosine of the query's key with another), margin γ = κΔ (all in nats).
// ε is the error mass, the attention on wrong keys:
//   ε ≤ (S−1)e^{−γ} / (1 + (S−1)e^{−γ}) ,   ½ S/(S−1) ε² ≤ loss ≤ ε² ,
// the lower bound attained when the mass is spread evenly (simplex keys), the upper when one key takes it all.
// Derivation: README.md, "Softmax attention".
#pragma once

#include <algorithm>
#include <cmath>

#include "palimpsest/theory/sphere_mean.hpp"

namespace palimpsest::theory {

/// γ = κΔ. κ ≥ 0, 0 ≤ Δ ≤ 2; else ConfigurationError.
inline double softmax_margin(double kappa, double gap) {
  require_range("softmax margin", "κ", kappa, 0.0);
  require_range("softmax margin", "Δ", gap, 0.0, 2.0);
  return kappa * gap;
}

/// The bound on ε. S ≥ 1, γ ≥ 0; else ConfigurationError.
inline double softmax_error_mass(Index S, double margin) {
  require_range<Index>("softmax error mass", "S", S, 1);
  require_range("softmax error mass", "γ", margin, 0.0);
  const double odds = static_cast<double>(S - 1) * std::exp(-margin);
  return odds / (1 + odds);
}

/// Simplex keys (every cosine −1/(S−1), which needs S ≤ d + 1): ε with γ = κS/(S−1) is exact, loss = ½ S/(S−1) ε².
/// S ≥ 2, κ ≥ 0; else ConfigurationError.
inline double softmax_simplex_loss(Index S, double kappa) {
  require_range<Index>("softmax simplex loss", "S", S, 2);
  const double spread = static_cast<double>(S) / static_cast<double>(S - 1);
  const double mass = softmax_error_mass(S, softmax_margin(kappa, spread));
  return 0.5 * spread * mass * mass;
}

/// Largest S that a margin γ guarantees at this loss, whatever the keys: ε² ≤ loss, so 1 + e^γ √loss/(1 − √loss),
/// rounded down; +∞ where that overflows. γ ≥ 0, 0 ≤ loss ≤ ½; else ConfigurationError.
inline double softmax_margin_capacity(double margin, double loss) {
  require_range("softmax capacity", "γ", margin, 0.0);
  require_range("softmax capacity", "loss", loss, 0.0, 0.5);
  return std::floor(1 + std::exp(margin) * std::sqrt(loss) / (1 - std::sqrt(loss)));
}

/// Random unit keys, the query is its key: ε/(1−ε) ≈ (S−1) M_d(κ) e^{−κ}. That is the exact mean of ε/(1−ε); for ε
/// itself it is near (3 %) where many keys share the mass, and too high where one close key carries it. S, d ≥ 1,
/// κ ≥ 0; else ConfigurationError.
inline double softmax_random_error_mass(Index S, Index d, double kappa) {
  require_range<Index>("softmax random keys", "S", S, 1);
  const double odds = static_cast<double>(S - 1) * std::exp(log_sphere_mean(d, kappa) - kappa);
  return odds / (1 + odds);
}

/// Random unit keys: with a = M_d(κ)e^{−κ}, b = M_d(2κ)e^{−2κ} and x = S − 1, the mean of the S−1 unnormalised wrong
/// weights is ax, of their squares bx, and loss ≈ ½(a²x² + bx)/(1 + ax)². S, d ≥ 1, κ ≥ 0; else ConfigurationError.
inline double softmax_random_loss(Index S, Index d, double kappa) {
  const double mass = softmax_random_error_mass(S, d, kappa);
  const double squares = static_cast<double>(S - 1) * std::exp(log_sphere_mean(d, 2 * kappa) - 2 * kappa);
  return 0.5 * (mass * mass + (1 - mass) * (1 - mass) * squares);
}

/// Largest S whose softmax_random_loss is ≤ loss, as a real number rounded down: the loss grows with x = S − 1, so x is
/// the positive root of a²(1−2·loss)x² + (b − 4a·loss)x − 2·loss = 0. d ≥ 1, κ ≥ 0, 0 ≤ loss ≤ 0.499; else
/// ConfigurationError.
inline double softmax_random_capacity(Index d, double kappa, double loss) {
  require_range("softmax capacity", "loss", loss, 0.0, 0.499);
  // In units of 1/a, x = X/a: (1−2·loss)X² + (r − 4·loss)X − 2·loss = 0 with r = b/a, which cannot overflow.
  const double log_a = log_sphere_mean(d, kappa) - kappa;
  const double r = std::exp(log_sphere_mean(d, 2 * kappa) - 2 * kappa - log_a);
  const double A = 1 - 2 * loss, B = 0.5 * (r - 4 * loss), C = -2 * loss;
  const double root = std::sqrt(B * B - A * C);
  const double X = B > 0 ? -C / (B + root) : (root - B) / A;
  return std::floor(1 + X * std::exp(-log_a));
}

}  // namespace palimpsest::theory
