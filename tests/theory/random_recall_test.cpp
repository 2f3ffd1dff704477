#include "palimpsest/theory/random_recall.hpp"

#include <gtest/gtest.h>

#include "theory/gaussian.hpp"

namespace palimpsest::theory {
namespace {

using M = Matrix<double>;

/// The share of N keys whose answer V CᵀC is nearest to their own value among those of the vocabulary.
double share_right(Index N, Index V, Index d, Index D, Gaussian& g) {
  const M keys = g.unit_keys(d, N), values = g.unit_keys(D, V);
  const M logits = values.transpose() * (values.leftCols(N) * (keys.transpose() * keys));
  Index right = 0;
  for (Index n = 0; n < N; ++n) {
    Index best = 0;
    logits.col(n).maxCoeff(&best);
    right += best == n;
  }
  return static_cast<double>(right) / static_cast<double>(N);
}

TEST(RandomRecall, SphereCoordinateByDrawing) {
  Gaussian g(1);
  for (const Index D : {2, 3, 5, 64}) {
    const M points = g.unit_keys(D, 20'000);
    for (const double x : {-0.7, -0.1, 0.0, 0.05, 0.3, 0.9}) {
      const double share = (points.row(0).array() <= x).cast<double>().mean(), p = sphere_coordinate_cdf(D, x);
      EXPECT_NEAR(p, share, 4 * std::sqrt(p * (1 - p) / 20'000) + 1e-9) << D << ", " << x;
    }
    EXPECT_EQ(sphere_coordinate_cdf(D, -1), 0);
    EXPECT_EQ(sphere_coordinate_cdf(D, 1), 1);
  }
}

TEST(RandomRecall, SphereCoordinateByHand) {
  EXPECT_NEAR(sphere_coordinate_cdf(2, 0.5), 2.0 / 3, 1e-14) << "1 − arccos(x)/π";
  EXPECT_NEAR(sphere_coordinate_cdf(3, 0.5), 0.75, 1e-14) << "(1 + x)/2, Archimedes";
  EXPECT_NEAR(sphere_coordinate_cdf(5, 0.5), 0.84375, 1e-14) << "½ + ¾(x − x³/3)";
}

TEST(RandomRecall, NodesHaveTheMomentsOfTheirLaw) {
  for (const Index d : {2, 3, 16, 64}) {
    double second = 0, fourth = 0;
    for (const auto& [x, weight] : sphere_coordinate_nodes(d))
      second += weight * x * x, fourth += weight * x * x * x * x;
    const auto D = static_cast<double>(d);
    const double error = d == 3 ? 0.01 : 1e-6;  // |sin θ| has a kink at the ends
    EXPECT_NEAR(second, 1 / D, error / D);
    EXPECT_NEAR(fourth, 3 / (D * (D + 2)), error / (D * D));
  }
  for (const double variance : {0.02, 0.5, 2.0}) {
    double mean = 0, square = 0;
    for (const auto& [x, weight] : gamma_nodes(1, variance)) mean += weight * x, square += weight * x * x;
    EXPECT_NEAR(mean, 1, 2e-3);
    EXPECT_NEAR(square - mean * mean, variance, 1e-2 * (variance + 1)) << "tails are cut";
  }
}

// What the formula neglects, that written values win together, is 0.003 of the accuracy where that is high, and 0.015 anywhere.
TEST(RandomRecall, AccuracyByMonteCarlo) {
  struct Case {
    Index N, V, d, D;
    int trials;
  };
  Gaussian g(2);
  for (const auto& [N, V, d, D, trials] : {Case{2, 40, 8, 8, 4000},
                                           {5, 40, 8, 8, 3000},
                                           {13, 40, 8, 8, 2000},
                                           {8, 63, 16, 16, 3000},
                                           {6, 257, 16, 16, 2000},
                                           {4, 1024, 15, 16, 1000},
                                           {30, 255, 16, 63, 500},
                                           {40, 64, 32, 32, 1000},
                                           {11, 64, 63, 9, 2000}}) {
    Sample share;
    for (int trial = 0; trial < trials; ++trial) share(share_right(N, V, d, D, g));
    const double p = sum_rule_accuracy(N, V, d, D);
    EXPECT_NEAR(p, share.mean(), 4 * share.standard_error() + (p > 0.95 ? 0.003 : 0.015))
        << N << " of " << V << ", " << d << " and " << D;
  }
}

TEST(RandomRecall, OnePairIsAlwaysRight) {
  EXPECT_EQ(sum_rule_accuracy(1, 1, 2, 2), 1);
  EXPECT_EQ(sum_rule_accuracy(1, 4096, 5, 3), 1);
}

TEST(RandomRecall, MorePairsAndLargerVocabulariesCostAccuracy) {
  for (const Index N : {2, 5, 17})
    for (const Index V : {20, 63}) {
      EXPECT_LT(sum_rule_accuracy(N + 1, V, 9, 11), sum_rule_accuracy(N, V, 9, 11));
      EXPECT_LT(sum_rule_accuracy(N, 2 * V, 9, 11), sum_rule_accuracy(N, V, 9, 11));
    }
}

TEST(RandomRecall, CapacityIsTheLastThatHolds) {
  for (const auto& [accuracy, V, d] : {std::tuple<double, Index, Index>{0.99, 64, 16}, {0.9, 63, 9}, {0.5, 33, 5}}) {
    const Index N = sum_rule_capacity(accuracy, V, d, d);
    EXPECT_GE(sum_rule_accuracy(N, V, d, d), accuracy);
    EXPECT_LT(sum_rule_accuracy(N + 1, V, d, d), accuracy);
  }
  EXPECT_EQ(sum_rule_capacity(0.1, 3, 16, 16), 3) << "no more pairs than values";
}

TEST(RandomRecall, RefusesSizesOutOfRange) {
  EXPECT_THROW(sphere_coordinate_cdf(1, 0), ConfigurationError);
  EXPECT_THROW(sphere_coordinate_cdf(3, 1.5), ConfigurationError);
  EXPECT_THROW(sum_rule_accuracy(0, 3, 2, 2), ConfigurationError);
  EXPECT_THROW(sum_rule_accuracy(4, 3, 2, 2), ConfigurationError);
  EXPECT_THROW(sum_rule_accuracy(2, 3, 1, 2), ConfigurationError);
  EXPECT_THROW(sum_rule_capacity(0, 3, 2, 2), ConfigurationError);
  EXPECT_THROW(sum_rule_capacity(1.1, 3, 2, 2), ConfigurationError);
}

}  // namespace
}  // namespace palimpsest::theory
