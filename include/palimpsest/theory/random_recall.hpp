// The sum rule without training, N pairs of random unit keys in R^d and values in R^D, values told apart by argmax over a vocabulary
// of V random unit vectors that holds the N:
//   y = v_n + ρ e ,   e uniform on the sphere ,   ρ² = ‖Σ_{t≠n} c_t v_t‖² ,   c_t = k_t·k_n ;
//   P(right) = E [ F(cos(y, v_n))^{V−N} · (E_c F(cos(y − c v_n, v_n)))^{N−1} ] ,   F the law of a coordinate of a point on the sphere .
// The first factor is exact: values that weren't written. A value that was, with coefficient c, wins where it is nearer to the rest of
// y than c v_n leaves; taking the N − 1 of them for independent, and ρ² for a gamma variable of its mean and variance, are the two
// approximations (0.003 where the accuracy is above 0.95, 0.015 anywhere, for d, D ≥ 8).
// Derivation: README.md, "Random unit keys, answers by argmax".
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <utility>
#include <vector>

#include "palimpsest/theory/domain.hpp"

namespace palimpsest::theory {

/// P(u·e ≤ x), u uniform on the unit sphere of R^D: 1 − I_{D−2}(arccos x)/I_{D−2}(π), with I_m(θ) = ∫₀^θ sin^m by
/// I_m = −cos θ sin^{m−1} θ/m + (m−1)/m I_{m−2}. D ≥ 2, −1 ≤ x ≤ 1; else ConfigurationError. Absolute error 1e-14. Cost D.
inline double sphere_coordinate_cdf(Index D, double x) {
  require_range<Index>("sphere coordinate", "D", D, 2);
  require_range("sphere coordinate", "x", x, -1.0, 1.0);
  const double s = std::sqrt((1 - x) * (1 + x)), theta = std::atan2(s, x);
  double area = D % 2 == 0 ? theta : 1 - x, whole = D % 2 == 0 ? std::numbers::pi : 2;
  double power = D % 2 == 0 ? s : s * s;  // sin^{m−1}
  for (Index m = D % 2 == 0 ? 2 : 3; m <= D - 2; m += 2, power *= s * s) {
    const auto M = static_cast<double>(m);
    area = ((M - 1) * area - x * power) / M;
    whole *= (M - 1) / M;
  }
  return std::clamp(1 - area / whole, 0.0, 1.0);
}

/// A law as points with weights that sum to 1.
using Nodes = std::vector<std::pair<double, double>>;

/// A coordinate of a uniform point on the sphere of R^D, at equal steps h < D^−½ of its angle: second moments are right to 1e-6, or
/// the order of h^{D−1} where D is 3 or 5, whose sin^{D−2} isn't smooth at the ends.
inline Nodes sphere_coordinate_nodes(Index D) {
  const auto n = 12 + static_cast<int>(4 * std::sqrt(static_cast<double>(D)));
  Nodes nodes;
  double sum = 0;
  for (int i = 0; i < n; ++i) {
    const double theta = (i + 0.5) * std::numbers::pi / n;
    nodes.emplace_back(std::cos(theta), std::pow(std::sin(theta), static_cast<double>(D - 2)));
    sum += nodes.back().second;
  }
  for (auto& node : nodes) node.second /= sum;
  return nodes;
}

/// A gamma variable of this mean and variance, at equal steps of its logarithm: in units of the mean its density there is
/// exp(k(t − e^t)), k = mean²/variance. A mean of 0 is 0.
inline Nodes gamma_nodes(double mean, double variance) {
  if (mean == 0) return {{0, 1}};
  const double k = mean * mean / variance, spread = 1 / std::sqrt(k);
  const double low = -5 * spread - 8 / k, high = std::log1p(5 * spread + 8 / k);  // 1e-4 is beyond
  const auto n = static_cast<int>(std::ceil((high - low) / (0.6 * spread)));
  Nodes nodes;
  double sum = 0;
  for (int i = 0; i < n; ++i) {
    const double t = low + (i + 0.5) * (high - low) / n;
    nodes.emplace_back(mean * std::exp(t), std::exp(k * (1 + t - std::exp(t))));
    sum += nodes.back().second;
  }
  for (auto& node : nodes) node.second /= sum;
  return nodes;
}

/// P(right) of N of V pairs. 1 ≤ N ≤ V, d, D ≥ 2; else ConfigurationError. Cost ~√(d D) D.
inline double sum_rule_accuracy(Index N, Index V, Index d, Index D) {
  require_range<Index>("sum rule accuracy", "N", N, 1);
  require_range<Index>("sum rule accuracy", "V", V, N);
  require_range<Index>("sum rule accuracy", "d", d, 2);
  require_range<Index>("sum rule accuracy", "D", D, 2);
  if (N == 1) return 1;
  const auto n = static_cast<double>(N - 1), d_k = static_cast<double>(d), d_v = static_cast<double>(D);
  const auto right = [D](double along, double across) {  // F of the cosine of a vector with these two parts
    const double length = std::hypot(along, across);
    return sphere_coordinate_cdf(D, length > 0 ? std::clamp(along / length, -1.0, 1.0) : 0);
  };
  const Nodes directions = sphere_coordinate_nodes(D), coefficients = sphere_coordinate_nodes(d);
  double accuracy = 0;
  for (const auto& [square, share] :
       gamma_nodes(n / d_k, 2 * n * (d_k - 1) / (d_k * d_k * (d_k + 2)) + 2 * n * (n - 1) / (d_k * d_k * d_v))) {
    const double rho = std::sqrt(square), rest = rho * std::sqrt((n - 1) / n);  // without one of the n
    for (const auto& [e, weight] : directions) {
      const double across = std::sqrt(1 - e * e);
      double over_written = 0;
      for (const auto& [c, part] : coefficients) over_written += part * right(1 - c + rest * e, rest * across);
      accuracy += share * weight * std::pow(right(1 + rho * e, rho * across), static_cast<double>(V - N)) *
                  std::pow(over_written, n);
    }
  }
  return accuracy;
}

/// The largest N ≤ V of which sum_rule_accuracy is at least this, as it falls with N. 0 < accuracy ≤ 1, V ≥ 1, d, D ≥ 2; else
/// ConfigurationError.
inline Index sum_rule_capacity(double accuracy, Index V, Index d, Index D) {
  require_range("sum rule capacity", "accuracy", accuracy, std::numeric_limits<double>::min(), 1.0);
  require_range<Index>("sum rule capacity", "V", V, 1);
  const auto holds = [&](Index N) { return N <= V && sum_rule_accuracy(N, V, d, D) >= accuracy; };
  Index good = 1, bad = 2;
  while (holds(bad)) good = std::exchange(bad, 2 * bad);
  while (bad - good > 1) (holds(good + (bad - good) / 2) ? good : bad) = good + (bad - good) / 2;
  return good;
}

}  // namespace palimpsest::theory
