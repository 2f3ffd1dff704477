#include "palimpsest/sweep/judge/student_t.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>

namespace palimpsest::sweep {
namespace {

// With one degree of freedom P(t ≤ x) = ½ + atan(x)/π, with two ½ + x/(2√(2 + x²)).
TEST(StudentT, IsTheClosedFormOfOneAndTwoDegrees) {
  for (const double x : {-3., -0.5, 0.1, 1., 20.}) {
    const double one = 0.5 + std::atan(x) / std::numbers::pi, two = 0.5 + x / (2 * std::sqrt(2 + x * x));
    EXPECT_NEAR(student_quantile(one, 1), x, 1e-10 * std::abs(x));
    EXPECT_NEAR(student_quantile(two, 2), x, 1e-10 * std::abs(x));
    EXPECT_NEAR(student_two_sided(x, 2), 1 - std::abs(x) / std::sqrt(2 + x * x), 1e-12);
  }
  EXPECT_EQ(student_two_sided(std::numeric_limits<double>::infinity(), 4), 0);
}

TEST(StudentT, IsNormalForManyDegrees) { EXPECT_NEAR(student_quantile(0.975, 1e9), 1.959963984540054, 1e-8); }

}  // namespace
}  // namespace palimpsest::sweep
