#include "reference/agree.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace palimpsest::reference {

testing::AssertionResult agree_in_double(const Matrix<double>& a, const Matrix<double>& e, double tolerance) {
  if (a.rows() != e.rows() || a.cols() != e.cols())
    return testing::AssertionFailure() << fmt::format("{}×{}, expected {}×{}", a.rows(), a.cols(), e.rows(), e.cols());
  double largest = 0, worst = 0;
  for (Index i = 0; i < e.size(); ++i) largest = std::max(largest, std::abs(e(i)));
  Index row = 0, col = 0;
  for (Index c = 0; c < e.cols(); ++c)
    for (Index r = 0; r < e.rows(); ++r) {
      const double off = std::abs(a(r, c) - e(r, c));
      if (off <= worst || std::isnan(worst)) continue;
      worst = off, row = r, col = c;  // a NaN is the worst
    }
  if (std::isfinite(largest) && worst <= tolerance * largest) return testing::AssertionSuccess();
  return testing::AssertionFailure() << fmt::format(
             "entry ({}, {}) is {:.17g}, expected {:.17g}: off by {:.3g}, allowed {:.3g} = {:g} × largest entry", row,
             col, a(row, col), e(row, col), worst, tolerance * largest, tolerance);
}

testing::AssertionResult is_gradient(const Matrix<double>& actual, const Matrix<double>& expected) {
  const auto agreement = agree(actual, expected, 1e-6);
  if (agreement || (actual - expected).cwiseAbs().maxCoeff() < 1e-9) return testing::AssertionSuccess();
  return agreement;
}

}  // namespace palimpsest::reference
