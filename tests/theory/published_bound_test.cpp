#include "palimpsest/theory/published_bound.hpp"

#include <gtest/gtest.h>

#include <numeric>

#include "palimpsest/theory/rank_bound.hpp"
#include "reference/linear_algebra.hpp"
#include "theory/gaussian.hpp"

namespace palimpsest::theory {
namespace {

using M = Matrix<double>;

// The published evaluation of one sequence, as a loop over its chunks.
double published_mean(const std::vector<double>& losses) {
  const std::size_t n = std::min<std::size_t>(losses.size(), 200);
  double sum = 0;
  int chunks = 0;
  for (std::size_t begin = 0; begin < n; begin += 32, ++chunks) {
    double chunk = 0;
    const std::size_t end = std::min(begin + 32, n);
    for (std::size_t i = begin; i < end; ++i) chunk += losses[i];
    sum += chunk / static_cast<double>(end - begin);
  }
  return sum / chunks;
}

TEST(PublishedBound, WeightsAreThoseOfTheChunkLoop) {
  Gaussian g(1);
  for (const Index S : {1, 5, 31, 32, 33, 63, 100, 199, 200, 201, 600}) {
    std::vector<double> losses(static_cast<std::size_t>(S));
    for (double& loss : losses) loss = g.uniform();
    const std::vector<double> w = published_query_weights(S);
    EXPECT_NEAR(std::inner_product(w.begin(), w.end(), losses.begin(), 0.0), published_mean(losses), 1e-14) << S;
    EXPECT_NEAR(std::accumulate(w.begin(), w.end(), 0.0), 1, 1e-14) << S;
  }
}

// The least of Σ w_i ½‖e_i − ŷ_i‖² over rank p is ½ the tail of the singular values of diag(w)^½, S×n.
TEST(PublishedBound, IsTheTailOfTheSingularValues) {
  for (const Index S : {5, 40, 100, 230})
    for (const Index p : {1, 16, 64}) {
      const std::vector<double> w = published_query_weights(S);
      const auto n = static_cast<Index>(w.size());
      M weighted = M::Zero(S, n);
      for (Index i = 0; i < n; ++i) weighted(i, i) = std::sqrt(w[static_cast<std::size_t>(i)]);
      const Vector<double> squares = reference::squared_singular_values(weighted);
      EXPECT_NEAR(published_rank_bound(S, p), 0.5 * squares.head(std::max<Index>(0, n - p)).sum(), 1e-13);
    }
}

TEST(PublishedBound, IsAttainedByKeepingTheShortChunk) {
  std::vector<double> losses(100, 0.0);  // 64 keys kept: the last chunk's four and 60 others
  std::fill(losses.begin(), losses.begin() + 36, 0.5);
  EXPECT_NEAR(published_mean(losses), published_rank_bound(100, 64), 1e-14);
}

// ELU+1, S = 100: the published best evaluation is 0.1642 and dips below the rank bound, not below this bound.
TEST(PublishedBound, ExplainsThePublishedDipBelowTheRankBound) {
  EXPECT_DOUBLE_EQ(published_rank_bound(100, 64), 36.0 / 128 / 2);
  EXPECT_LT(published_rank_bound(100, 64), 0.1642);
  EXPECT_GT(rank_bound(100, 64), 0.1715);
}

TEST(PublishedBound, EqualChunksAreTheRankBound) {
  EXPECT_NEAR(published_rank_bound(96, 64), rank_bound(96, 64), 1e-14);
  EXPECT_DOUBLE_EQ(published_rank_bound(600, 64), published_rank_bound(200, 64));
  EXPECT_EQ(published_rank_bound(600, 200), 0);
}

TEST(PublishedBound, RefusesSizesOutOfRange) {
  EXPECT_THROW(published_rank_bound(0, 1), ConfigurationError);
  EXPECT_THROW(published_rank_bound(1, -1), ConfigurationError);
  EXPECT_THROW(published_rank_bound(5, 1, 0), ConfigurationError);
}

}  // namespace
}  // namespace palimpsest::theory
