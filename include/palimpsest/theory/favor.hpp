// Random features for exp(q·k): squared coefficient of variation CV² = Var/mean² of the estimate φ(q)·φ(k), for m
// independent Gaussian directions Ω (Choromanski et al. 2021 compare the variances; orthogonal blocks only lower them).
//   favor, two-sided:   (cosh‖q+k‖² − 1)/m = (2/m) sinh²(‖q+k‖²/2)
//   favor, one-sided:   (exp‖q+k‖² − 1)/m
//   trigonometric:      (2/m) sinh²(‖q−k‖²/2)
// A match q = k with q·k = a has ‖q+k‖² = 4a, so CV² ≈ e^{4a}/2m two-sided, while telling S keys apart takes a ≳ ln S.
// Derivation: README.md, "Random features".
#pragma once

#include <cmath>

#include "palimpsest/theory/domain.hpp"

namespace palimpsest::theory {

/// Two-sided, p = 2m features; squared_sum = ‖q+k‖². m ≥ 1, squared_sum ≥ 0; else ConfigurationError.
inline double favor_cv2(Index m, double squared_sum) {
  require_range<Index>("FAVOR+ variation", "m", m, 1);
  require_range("FAVOR+ variation", "‖q+k‖²", squared_sum, 0.0);
  const double s = std::sinh(0.5 * squared_sum);
  return 2 / static_cast<double>(m) * s * s;
}

/// One-sided, p = m features. Ranges as above.
inline double favor_onesided_cv2(Index m, double squared_sum) {
  require_range<Index>("FAVOR+ variation", "m", m, 1);
  require_range("FAVOR+ variation", "‖q+k‖²", squared_sum, 0.0);
  return std::expm1(squared_sum) / static_cast<double>(m);
}

/// Trigonometric with the softmax factor, p = 2m features; squared_difference = ‖q−k‖²: exact at a match. m ≥ 1,
/// squared_difference ≥ 0; else ConfigurationError.
inline double rff_cv2(Index m, double squared_difference) { return favor_cv2(m, squared_difference); }

/// E‖k‖² of the published mini-model at the start, before any scale: k = W x + b, x = [one-hot of S; N(0,1)^e],
/// e = ⌊2.2·S⌋, W ~ U(±1/√d), b ~ U(±1/√(S+e)):  (1 + e)/3 + d/(3(S + e)). The first term, (1 + 2.2·S)/3, is what makes
/// unscaled features vanish. S, d ≥ 1; else ConfigurationError.
inline double initial_squared_key_norm(Index S, Index d) {
  require_range<Index>("initial key norm", "S", S, 1);
  require_range<Index>("initial key norm", "d", d, 1);
  const Index e = 22 * S / 10;
  return static_cast<double>(1 + e) / 3 + static_cast<double>(d) / (3 * static_cast<double>(S + e));
}

}  // namespace palimpsest::theory
