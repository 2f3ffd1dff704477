// Whether counts are what they should be.
#pragma once

#include <cmath>
#include <cstddef>
#include <numeric>
#include <vector>

namespace palimpsest {

/// χ² of counts against expected ones as a normal deviate (Wilson, Hilferty 1931: (χ²/f)^⅓ is nearly normal). Right counts
/// stay below 4.5 but for one seed in 300 000.
inline double chi_square_deviate(const std::vector<int>& counts, const std::vector<double>& shares) {
  const double total = std::accumulate(counts.begin(), counts.end(), 0.0);
  const double freedom = static_cast<double>(counts.size()) - 1;
  double chi = 0;
  for (std::size_t i = 0; i < counts.size(); ++i)
    chi += (counts[i] - total * shares[i]) * (counts[i] - total * shares[i]) / (total * shares[i]);
  const double variance = 2 / (9 * freedom);
  return (std::cbrt(chi / freedom) - (1 - variance)) / std::sqrt(variance);
}

/// The same of counts that should be equal.
inline double chi_square_deviate(const std::vector<int>& counts) {
  return chi_square_deviate(counts, std::vector<double>(counts.size(), 1.0 / static_cast<double>(counts.size())));
}

constexpr double most_deviate = 4.5;

}  // namespace palimpsest
