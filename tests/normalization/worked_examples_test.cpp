#include <gtest/gtest.h>

#include "palimpsest/normalization/all.hpp"
#include "reference/random.hpp"

namespace palimpsest {
namespace {

using M = Matrix<double>;

TEST(NoNormalization, LeavesEverythingAsItIs) {
  M phi{{1, -2}, {3, 0}}, dphi{{5, 6}, {7, 8}};
  Vector<double> scale(2);
  NoNormalization<double>().forward(phi, scale, 0.5);
  NoNormalization<double>().backward(phi, scale, dphi);
  EXPECT_EQ(phi, (M{{1, -2}, {3, 0}}));
  EXPECT_EQ(dphi, (M{{5, 6}, {7, 8}}));
}

TEST(SumNormalization, DividesByTheSumOfEntries) {
  // (1, 3) → (1, 3)/4. Gradient of the first entry: ∂(a/(a+b)) = (b, −a)/(a+b)² = (3, −1)/16.
  M phi{{1}, {3}}, dphi{{1}, {0}};
  Vector<double> scale(1);
  SumNormalization<double>().forward(phi, scale, 0);
  EXPECT_EQ(phi, (M{{0.25}, {0.75}}));
  SumNormalization<double>().backward(phi, scale, dphi);
  EXPECT_EQ(dphi, (M{{0.1875}, {-0.0625}}));
}

TEST(SumNormalization, AddsEpsilonToTheSum) {
  // (1, 2) with ε = 1: (1, 2)/4. Gradient of the first entry: (σ − a, −a)/σ², σ = 4: (3, −1)/16.
  M phi{{1}, {2}}, dphi{{1}, {0}};
  Vector<double> scale(1);
  SumNormalization<double>().forward(phi, scale, 1);
  EXPECT_EQ(phi, (M{{0.25}, {0.5}}));
  SumNormalization<double>().backward(phi, scale, dphi);
  EXPECT_EQ(dphi, (M{{0.1875}, {-0.0625}}));
}

TEST(SumNormalization, KeysSumToOneAndQueriesAlmost) {
  for (const Index p : {1, 5, 63}) {
    const M raw = reference::away_from_zero(p, 9, 50).cwiseAbs();
    M keys = raw, queries = raw;
    Vector<double> scale(9);
    SumNormalization<double>().forward(keys, scale, 0);
    SumNormalization<double>().forward(queries, scale, kReadOutEpsilon);
    for (Index t = 0; t < 9; ++t) {
      const double sum = raw.col(t).sum();
      EXPECT_NEAR(keys.col(t).sum(), 1, 1e-14);  // rounding of p ≤ 63 terms
      EXPECT_NEAR(queries.col(t).sum(), sum / (sum + 1e-6), 1e-14);
    }
  }
}

TEST(AttentionNormalization, DividesTheReadOutAndNoToken) {
  EXPECT_TRUE(AttentionNormalization<double>::accumulates);
  EXPECT_FALSE(SumNormalization<double>::accumulates);
  EXPECT_FALSE(NoNormalization<double>::accumulates);
  M phi{{1}, {3}};
  Vector<double> scale(1);
  AttentionNormalization<double>().forward(phi, scale, 1);
  EXPECT_EQ(phi, (M{{1}, {3}}));
}

TEST(Normalizations, DivideByFeaturesOnlyIfTheyNeedThemNonnegative) {
  EXPECT_FALSE(NoNormalization<double>::needs_nonnegative);
  EXPECT_TRUE(SumNormalization<double>::needs_nonnegative);
  EXPECT_TRUE(AttentionNormalization<double>::needs_nonnegative);
}

}  // namespace
}  // namespace palimpsest
