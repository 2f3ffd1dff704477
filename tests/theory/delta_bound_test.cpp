#include "palimpsest/theory/delta_bound.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "reference/linear_algebra.hpp"
#include "theory/every_sequence.hpp"

namespace palimpsest::theory {
namespace {

using M = Matrix<double>;
using Sequence = std::vector<Index>;

// Features p×S of which any p columns are independent and whose rows span the constant row: powers of distinct numbers.
M vandermonde(Index p, Index S) {
  return M::NullaryExpr(p, S, [](Index power, Index key) {
    return std::pow(0.5 * static_cast<double>(key + 1), static_cast<double>(power));
  });
}

// Least Σ w_i ½‖t_i − W φ_i‖² over W, hindsight allowed: what is left of T diag(w)^½ beside the rows of Φ diag(w)^½.
double least_loss(const M& targets, const M& features, const Vector<double>& w) {
  const Vector<double> root = w.cwiseSqrt();
  const M T = targets * root.asDiagonal(), F = features * root.asDiagonal();
  const M W = reference::solve(F.transpose(), T.transpose()).transpose();
  return 0.5 * (T - W * F).squaredNorm();
}

struct Means {
  double heap = 0, sequences = 0, training = 0;
};

// Every sequence of keys, every choice of the last values, the best state of each.
Means exhaustive(Index S, Index L, const M& features) {
  Means sum, weight;
  for_every_sequence(S, L, [&](const Sequence& keys) {
    const Sequence distinct = present(S, keys);
    const auto D = static_cast<Index>(distinct.size());
    M phi(features.rows(), D);
    Vector<double> often(D);
    for (Index i = 0; i < D; ++i) {
      const Index key = distinct[static_cast<std::size_t>(i)];
      phi.col(i) = features.col(key);
      often[i] = static_cast<double>(std::ranges::count(keys, key)) / static_cast<double>(L);
    }
    for_every_sequence(S, D, [&](const Sequence& values) {
      const double choices = std::pow(static_cast<double>(S), static_cast<double>(D));
      M targets = M::Zero(S, D);
      for (Index i = 0; i < D; ++i) targets(values[static_cast<std::size_t>(i)], i) = 1;
      const double total = least_loss(targets, phi, Vector<double>::Ones(D)) / choices;
      sum.heap += total, weight.heap += static_cast<double>(D) / choices;
      sum.sequences += total / static_cast<double>(D), weight.sequences += 1 / choices;
      sum.training += least_loss(targets, phi, often) / choices, weight.training += 1 / choices;
    });
  });
  return {sum.heap / weight.heap, sum.sequences / weight.sequences, sum.training / weight.training};
}

TEST(DeltaBound, IsAttainedByFeaturesThatSpanTheConstant) {
  for (const auto& [S, L] : {std::pair<Index, Index>{1, 2}, {2, 3}, {3, 4}, {4, 3}, {4, 5}})
    for (const Index p : {1, 2, 3}) {
      const Means best = exhaustive(S, L, vandermonde(p, S));
      EXPECT_NEAR(delta_bound(S, L, p, equal_sequences), best.sequences, 1e-11) << S << " " << L << " " << p;
      EXPECT_NEAR(delta_bound(S, L, p, equal_queries), best.heap, 1e-11) << S << " " << L << " " << p;
    }
}

TEST(DeltaBound, HoldsForOtherFeatures) {
  const M features = M::NullaryExpr(
      2, 4, [](Index i, Index j) { return std::sin(1.0 + 3 * static_cast<double>(i) + 2.5 * static_cast<double>(j)); });
  const Means best = exhaustive(4, 4, features);
  EXPECT_GT(best.sequences, delta_bound(4, 4, 2, equal_sequences));
  EXPECT_GT(best.heap, delta_bound(4, 4, 2, equal_queries));
}

// What the header says of training: queries in proportion to the writes go below it.
TEST(DeltaBound, DoesNotHoldForTheQueriesOfTraining) {
  const Means best = exhaustive(3, 4, vandermonde(1, 3));
  EXPECT_LT(best.training, delta_bound(3, 4, 1, equal_sequences) - 0.01);
}

TEST(DeltaBound, DistinctKeysAreCountedRight) {
  for (const auto& [S, L] : {std::pair<Index, Index>{1, 3}, {3, 4}, {5, 3}, {2, 7}}) {
    std::vector<double> counted(static_cast<std::size_t>(S) + 1, 0.0);
    double all = 0;
    for_every_sequence(S, L, [&, S = S](const Sequence& keys) { counted[present(S, keys).size()] += 1, all += 1; });
    const std::vector<double> P = distinct_keys(S, L);
    for (std::size_t m = 0; m < P.size(); ++m) EXPECT_NEAR(P[m], counted[m] / all, 1e-14);
  }
  const double mean = mean_over_distinct(200, 400, equal_queries, equal_sequences);
  EXPECT_NEAR(mean, 200 * (1 - std::pow(1 - 1 / 200.0, 400)), 1e-9);
}

TEST(DeltaBound, PublishedFormIsTheWeightedBoundOfEachSequence) {
  // One chunk always: equal weights within a sequence, one loss a sequence.
  EXPECT_NEAR(published_delta_bound(20, 20, 5), delta_bound(20, 20, 5, equal_sequences), 1e-14);
  // Chunks of two, S = 3, L = 3, p = 1: D = 3 (2/9) has weights ¼ ¼ ½ and two chunks, D = 2 (2/3) has ½ ½ and one.
  EXPECT_NEAR(published_delta_bound(3, 3, 1, 2), 0.5 * (2.0 / 3) * (2.0 / 9 * 2 * 0.5 + 2.0 / 3 * 0.5) / (11.0 / 9),
              1e-14);
}

TEST(DeltaBound, RefusesSizesOutOfRange) {
  EXPECT_THROW(delta_bound(0, 3, 1, equal_queries), ConfigurationError);
  EXPECT_THROW(delta_bound(3, 0, 1, equal_queries), ConfigurationError);
  EXPECT_THROW(delta_bound(3, 3, -1, equal_queries), ConfigurationError);
  EXPECT_THROW(published_delta_bound(3, 3, 1, 0), ConfigurationError);
}

}  // namespace
}  // namespace palimpsest::theory
