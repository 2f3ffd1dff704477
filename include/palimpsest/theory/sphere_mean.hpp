// M_d(κ) = E[exp(κ u·e)], u uniform on the unit sphere of R^d:
//   M_d(κ) = Γ(d/2) (2/κ)^{d/2−1} I_{d/2−1}(κ) = Σ_j (κ²/4)^j / (j! (d/2)_j) ,
// the normaliser of the von Mises–Fisher distribution (Mardia and Jupp 2000, 9.3.4). The series has positive terms
// only, and is summed outwards from its largest, so neither a large κ nor a large d overflows or cancels.
#pragma once

#include <algorithm>
#include <cmath>

#include "palimpsest/theory/domain.hpp"

namespace palimpsest::theory {

/// log M_d(κ). d ≥ 1, κ ≥ 0 (up to 1e8); else ConfigurationError. Cost ~√κ. Absolute error ~ 1e-15·(κ + d)·log(κ + d).
inline double log_sphere_mean(Index d, double kappa) {
  require_range<Index>("sphere mean", "d", d, 1);
  require_range("sphere mean", "κ", kappa, 0.0, 1e8);
  if (kappa == 0) return 0;
  const double h = 0.5 * static_cast<double>(d), x = 0.25 * kappa * kappa;
  const auto ratio = [=](double j) { return x / ((j + 1) * (h + j)); };  // term j+1 over term j, decreasing in j
  // The largest term: ratio(j) = 1, i.e. j² + (h+1)j + h − x = 0, whose root is written without cancellation.
  const double b = 0.5 * (h + 1), c = x - h;
  const double top = std::max(0.0, std::ceil(c / (b + std::sqrt(std::max(0.0, b * b + c)))));
  const double log_largest =
      2 * top * std::log(0.5 * kappa) - std::lgamma(top + 1) - std::lgamma(h + top) + std::lgamma(h);
  double sum = 1;
  for (double j = top, term = 1; (term *= ratio(j)) > 1e-18; ++j) sum += term;
  for (double j = top, term = 1; j > 0 && (term /= ratio(j - 1)) > 1e-18; --j) sum += term;
  return log_largest + std::log(sum);
}

}  // namespace palimpsest::theory
