#include <gtest/gtest.h>

#include <cmath>

#include "palimpsest/normalization/all.hpp"
#include "reference/agree.hpp"
#include "reference/random.hpp"

namespace palimpsest {
namespace {

using M = Matrix<double>;

TEST(NoNormalization, LeavesEverythingAsItIs) {
  const M raw{{1, -2}, {3, 0}};
  M phi(2, 2), dphi{{5, 6}, {7, 8}};
  Vector<double> scale(2);
  NoNormalization<double>().forward(raw, phi, scale, 0.5);
  NoNormalization<double>().backward(raw, phi, scale, dphi);
  EXPECT_EQ(phi, (M{{1, -2}, {3, 0}}));
  EXPECT_EQ(dphi, (M{{5, 6}, {7, 8}}));
}

TEST(SumNormalization, DividesByTheSumOfEntries) {
  // (1, 3) → (1, 3)/4. Gradient of the first entry: ∂(a/(a+b)) = (b, −a)/(a+b)² = (3, −1)/16.
  const M raw{{1}, {3}};
  M phi(2, 1), dphi{{1}, {0}};
  Vector<double> scale(1);
  SumNormalization<double>().forward(raw, phi, scale, 0);
  EXPECT_EQ(phi, (M{{0.25}, {0.75}}));
  SumNormalization<double>().backward(raw, phi, scale, dphi);
  EXPECT_EQ(dphi, (M{{0.1875}, {-0.0625}}));
}

TEST(SumNormalization, AddsEpsilonToTheSum) {
  // (1, 2) with ε = 1: (1, 2)/4. Gradient of the first entry: (σ − a, −a)/σ², σ = 4: (3, −1)/16.
  const M raw{{1}, {2}};
  M phi(2, 1), dphi{{1}, {0}};
  Vector<double> scale(1);
  SumNormalization<double>().forward(raw, phi, scale, 1);
  EXPECT_EQ(phi, (M{{0.25}, {0.5}}));
  SumNormalization<double>().backward(raw, phi, scale, dphi);
  EXPECT_EQ(dphi, (M{{0.1875}, {-0.0625}}));
}

TEST(SumNormalization, KeysSumToOneAndQueriesAlmost) {
  for (const Index p : {1, 5, 63}) {
    const M raw = reference::away_from_zero(p, 9, 50).cwiseAbs();
    M keys(p, 9), queries(p, 9);
    Vector<double> scale(9);
    SumNormalization<double>().forward(raw, keys, scale, 0);
    SumNormalization<double>().forward(raw, queries, scale, kReadOutEpsilon);
    for (Index t = 0; t < 9; ++t) {
      const double sum = raw.col(t).sum();
      EXPECT_NEAR(keys.col(t).sum(), 1, 1e-14);  // rounding of p ≤ 63 terms
      EXPECT_NEAR(queries.col(t).sum(), sum / (sum + 1e-6), 1e-14);
    }
  }
}

TEST(AttentionNormalization, DividesTheReadOutAndNoToken) {
  EXPECT_TRUE(AttentionNormalization<double>::traits.accumulates);
  EXPECT_FALSE(SumNormalization<double>::traits.accumulates);
  EXPECT_FALSE(NoNormalization<double>::traits.accumulates);
  const M raw{{1}, {3}};
  M phi(2, 1);
  Vector<double> scale(1);
  AttentionNormalization<double>().forward(raw, phi, scale, 1);
  EXPECT_EQ(phi, (M{{1}, {3}}));
}

TEST(L2Normalization, DividesByTheLength) {
  // (3, 4) → (3, 4)/5. Gradient of the first entry: (1 − 0.36, −0.48)/5.
  const M raw{{3}, {4}};
  M phi(2, 1), dphi{{1}, {0}};
  Vector<double> scale(1);
  L2Normalization<double>().forward(raw, phi, scale, 0);
  EXPECT_TRUE(reference::agree(phi, M{{0.6}, {0.8}}, 1e-15));
  L2Normalization<double>().backward(raw, phi, scale, dphi);
  EXPECT_TRUE(reference::agree(dphi, M{{0.128}, {-0.096}}, 1e-14));
  // A query has ε in its divisor: (3, 4)/(5 + 5).
  L2Normalization<double>().forward(raw, phi, scale, 5);
  EXPECT_TRUE(reference::agree(phi, M{{0.3}, {0.4}}, 1e-15));
}

TEST(SumOfSquaresNormalization, SquaresAndDividesByTheSum) {
  // (1, −2) → (1, 4)/5. Gradient of the first entry by the features: 2φ ⊙ (1 − 0.2, −0.2)/5 = (0.32, 0.16).
  const M raw{{1}, {-2}};
  M phi(2, 1), dphi{{1}, {0}};
  Vector<double> scale(1);
  SumOfSquaresNormalization<double>().forward(raw, phi, scale, 0);
  EXPECT_TRUE(reference::agree(phi, M{{0.2}, {0.8}}, 1e-15));
  SumOfSquaresNormalization<double>().backward(raw, phi, scale, dphi);
  EXPECT_TRUE(reference::agree(dphi, M{{0.32}, {0.16}}, 1e-14));
}

TEST(CenteredL2Normalization, TakesAwayTheMeanAndDividesByTheLength) {
  // (1, 3, 8): mean 4, so (−3, −1, 4)/√26.
  const M raw{{1}, {3}, {8}};
  M phi(3, 1);
  Vector<double> scale(1);
  CenteredL2Normalization<double>().forward(raw, phi, scale, 0);
  EXPECT_TRUE(reference::agree(phi, M{{-3}, {-1}, {4}} / std::sqrt(26.0), 1e-15));
}

TEST(SumAndAttention, DoesBoth) {
  EXPECT_TRUE(Accumulated<SumNormalization<double>>::traits.accumulates);
  const M raw{{1}, {3}};
  M phi(2, 1);
  Vector<double> scale(1);
  Accumulated<SumNormalization<double>>().forward(raw, phi, scale, 0);
  EXPECT_EQ(phi, (M{{0.25}, {0.75}}));
}

TEST(Normalizations, DivideByASumOfFeaturesOnlyIfTheyNeedThemNonnegative) {
  // Of (1, −1) the sum is 0 and no other divisor is; an accumulator is a sum of features, too.
  const M raw{{1}, {-1}};
  Normalizations<double>::for_each([&]<class N>() {
    M phi(2, 1);
    Vector<double> scale(1);
    N().forward(raw, phi, scale, 0);
    constexpr bool accumulates = N::traits.accumulates && !N::traits.makes_nonnegative;
    EXPECT_EQ(accumulates || !phi.allFinite(), N::traits.needs_nonnegative) << N::name;
  });
}

}  // namespace
}  // namespace palimpsest
