// Random vectors for Monte Carlo checks, the same on every platform, and a mean with its standard error.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <random>

#include "palimpsest/core/types.hpp"

namespace palimpsest::theory {

class Gaussian {
 public:
  explicit Gaussian(std::uint64_t seed) : bits_(seed) {}

  /// Uniform on (0, 1).
  double uniform() { return (static_cast<double>(bits_() >> 11) + 0.5) * 0x1p-53; }

  Index below(Index n) { return static_cast<Index>(uniform() * static_cast<double>(n)); }

  double operator()() {  // Box–Muller
    const double radius = std::sqrt(-2 * std::log(uniform()));
    return radius * std::cos(2 * std::numbers::pi * uniform());
  }

  Matrix<double> matrix(Index rows, Index columns) {
    return Matrix<double>::NullaryExpr(rows, columns, [this](Index, Index) { return (*this)(); });
  }

  /// Columns uniform on the unit sphere.
  Matrix<double> unit_keys(Index d, Index N) { return matrix(d, N).colwise().normalized(); }

 private:
  std::mt19937_64 bits_;
};

struct Sample {
  double n = 0, sum = 0, squares = 0;

  void operator()(double x) { n += 1, sum += x, squares += x * x; }
  double mean() const { return sum / n; }
  double variance() const { return std::max(0.0, squares - sum * sum / n) / (n - 1); }  // rounding below 0 is 0
  double standard_error() const { return std::sqrt(variance() / n); }
};

}  // namespace palimpsest::theory
