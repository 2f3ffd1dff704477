#include "palimpsest/theory/rank_bound.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <vector>

#include "reference/linear_algebra.hpp"
#include "theory/gaussian.hpp"

namespace palimpsest::theory {
namespace {

using M = Matrix<double>;

// Mean loss of predictions Ŷ (a column a query) of the S one-hot values.
double mean_loss(const M& predictions) {
  const Index S = predictions.rows();
  return 0.5 * (M::Identity(S, S) - predictions).squaredNorm() / static_cast<double>(S);
}

// The sum rule with attention normalisation: column j is V φ_j = Σ_t (φ_t·φ_j) v_t / Σ_t φ_t·φ_j, V the identity.
M attention_predictions(const M& features) {
  const M C = features.transpose() * features;
  return C * C.colwise().sum().cwiseInverse().asDiagonal();
}

TEST(RankBound, IsTheTailOfTheSingularValues) {
  for (const Index S : {1, 5, 12})
    for (Index p = 0; p <= S + 1; ++p) {
      const Vector<double> squares = reference::squared_singular_values(M::Identity(S, S));
      const double tail = squares.head(std::max<Index>(0, S - p)).sum();
      EXPECT_NEAR(rank_bound(S, p), 0.5 * tail / static_cast<double>(S), 1e-14);
    }
}

TEST(RankBound, HoldsForTheBestReadOutOfRandomFeatures) {
  Gaussian g(1);
  for (const Index p : {1, 3, 7}) {
    // Predictions W Φ with W of any kind: the best W leaves I − P, P the projection onto the rows of Φ.
    const M features = g.matrix(p, 9);
    const M best = features.transpose() * reference::solve(features * features.transpose(), features);
    EXPECT_NEAR(mean_loss(best), rank_bound(9, p), 1e-10);  // rounding of a solve of p equations
    EXPECT_GT(mean_loss(best + 0.1 * g.matrix(9, p) * features), rank_bound(9, p));
  }
}

TEST(RankBound, IsNotBeatenByNonNegativeFeaturesWithAttention) {
  Gaussian g(2);
  for (int trial = 0; trial < 2000; ++trial) {
    const Index S = 2 + g.below(8), p = 1 + g.below(S);
    // Powers from 1 to 7 make the features ever closer to disjoint supports, where the optimum is.
    const M features = g.matrix(p, S).array().abs().pow(1 + trial % 7) + 1e-9;
    EXPECT_GE(mean_loss(attention_predictions(features)), rank_bound(S, p) - 1e-12);
  }
}

TEST(RankBound, IsAttainedByClustersOfAnySizes) {
  for (const std::vector<Index>& sizes : {std::vector<Index>{1}, {5}, {1, 1, 1}, {4, 1, 2}, {3, 3, 3}, {63, 1}}) {
    const auto p = static_cast<Index>(sizes.size());
    const Index S = std::accumulate(sizes.begin(), sizes.end(), Index{0});
    M features = M::Zero(p, S);
    for (Index cluster = 0, key = 0; cluster < p; ++cluster)
      for (Index i = 0; i < sizes[static_cast<std::size_t>(cluster)]; ++i)
        features(cluster, key++) = 0.3 + static_cast<double>(cluster);
    const M predictions = attention_predictions(features);
    EXPECT_NEAR(mean_loss(predictions), partition_loss(sizes), 1e-13);
    EXPECT_NEAR(mean_loss(predictions), rank_bound(S, p), 1e-13);
    const double first = 0.5 * (M::Identity(S, S) - predictions).col(0).squaredNorm();
    EXPECT_NEAR(first, cluster_query_loss(sizes[0]), 1e-13);
  }
}

TEST(RankBound, IsAttainedWithoutNormalisationByDroppingKeys) {
  const Index S = 7, p = 4;
  M features = M::Zero(p, S);
  features.leftCols(p).setIdentity();
  EXPECT_NEAR(mean_loss(features.transpose() * features), rank_bound(S, p), 1e-14);
}

TEST(RankBound, WorkedByHand) {
  EXPECT_DOUBLE_EQ(rank_bound(100, 64), 0.18);
  EXPECT_DOUBLE_EQ(rank_bound(64, 64), 0);
  EXPECT_DOUBLE_EQ(rank_bound(10, 64), 0);
  EXPECT_DOUBLE_EQ(ladder_loss(60, 57), 0.025);
  EXPECT_DOUBLE_EQ(effective_number(100, 0.18), 64);
}

TEST(RankBound, CapacityIsTheLastSizeWithinTheLoss) {
  EXPECT_EQ(rank_bound_capacity(64, 0), 64);
  EXPECT_EQ(rank_bound_capacity(64, 0.001), 64);
  EXPECT_EQ(rank_bound_capacity(512, 0.001), 513);
  EXPECT_EQ(rank_bound_capacity(64, 0.25), 128);
  EXPECT_EQ(rank_bound_capacity(0, 0.25), 0);
  for (const Index p : {1, 9, 63})
    for (const double loss : {0.0, 0.003, 0.05, 0.3}) {
      EXPECT_LE(rank_bound(rank_bound_capacity(p, loss), p), loss);
      EXPECT_GT(rank_bound(rank_bound_capacity(p, loss) + 1, p), loss);
    }
}

TEST(RankBound, RefusesSizesOutOfRange) {
  EXPECT_THROW(rank_bound(0, 1), ConfigurationError);
  EXPECT_THROW(rank_bound(1, -1), ConfigurationError);
  EXPECT_THROW(rank_bound_capacity(64, 0.5), ConfigurationError);
  EXPECT_THROW(rank_bound_capacity(64, std::nan("")), ConfigurationError);
  EXPECT_THROW(ladder_loss(5, 6), ConfigurationError);
  EXPECT_THROW(effective_number(0, 0.1), ConfigurationError);
  EXPECT_THROW(partition_loss({}), ConfigurationError);
  EXPECT_THROW(partition_loss(std::vector<Index>{3, 0}), ConfigurationError);
}

}  // namespace
}  // namespace palimpsest::theory
