// What the theory says of memories without training: random unit keys, d = 64, one-hot values, every key asked once;
// and one key rewritten n times.
#include <gtest/gtest.h>

#include <numeric>
#include <string>
#include <vector>

#include "palimpsest/pair/fast_weight.hpp"
#include "palimpsest/theory/random_keys.hpp"
#include "palimpsest/theory/rewritten_key.hpp"
#include "theory/gaussian.hpp"

namespace palimpsest {
namespace {

using M = Matrix<double>;
using theory::Sample;

constexpr Index d = 64;

template <class Kernel>
FastWeight<double> memory(const std::string& rule, const std::string& normalization, FixedGates gates = {}) {
  return {Kernel(), make_component<Rules<double>>("rule", rule),
          make_component<Normalizations<double>>("normalization", normalization), d, gates};
}

/// ½‖v_n − y_n‖² of N random unit keys, written in order and all asked.
Vector<double> losses(const std::string& rule, Index N, theory::Gaussian& random) {
  TokenTables<double> tables;
  tables.key = tables.query = random.unit_keys(d, N);
  tables.value.resize(d, 0);
  Episode episode;
  episode.keys.resize(static_cast<std::size_t>(N));
  std::iota(episode.keys.begin(), episode.keys.end(), 0);
  episode.values = episode.keys;
  auto fast_weight = memory<Identity<double>>(rule, "none");
  fast_weight.begin(tables);
  M Y(N, N);
  FastWeight<double>::Kept kept;
  fast_weight.read(episode, episode.keys, Y, kept);
  return 0.5 * (Y - M::Identity(N, N)).colwise().squaredNorm().transpose();
}

/// 4 standard errors: a right implementation fails one of 16 000 such checks, and seeds are fixed.
void expect_mean(const Sample& sample, double expected) {
  EXPECT_NEAR(sample.mean(), expected, 4 * sample.standard_error());
  EXPECT_LT(sample.standard_error(), 0.03 * expected);  // so that the check says something
}

TEST(Anchors, SumRuleHasRelativeErrorNMinusOneOverD) {
  theory::Gaussian random(11);
  for (const Index N : {5, 64, 101}) {
    SCOPED_TRACE(N);
    Sample error;
    for (int episode = 0; episode < (N < 10 ? 400 : 100); ++episode) error(2 * losses("sum", N, random).mean());
    expect_mean(error, theory::hebbian_relative_error(N, d));
  }
}

TEST(Anchors, LeastSquaresReachesTheRankBoundOfAnyKeys) {
  theory::Gaussian random(12);
  for (const Index N : {1, 17, 32, 128, 201}) {
    SCOPED_TRACE(N);
    // The ridge λ = 1e-6 adds Σ (λ/σ²)²/N, σ² ≥ 0.08 the eigenvalues of the keys' Gram matrix at these N.
    EXPECT_NEAR(2 * losses("rls", N, random).mean(), theory::least_squares_relative_error(N, d), 1e-10);
  }
}

TEST(Anchors, DeltaRuleForgetsAsItsRecursionSays) {
  theory::Gaussian random(13);
  for (const Index N : {5, 64, 200}) {
    SCOPED_TRACE(N);
    Sample mean, oldest, middle;
    for (int episode = 0; episode < 100; ++episode) {
      const Vector<double> loss = losses("delta", N, random);
      mean(loss.mean());
      oldest(loss(0));
      middle(loss(N / 2));
      EXPECT_LT(loss(N - 1), 1e-20);  // the newest is exact: rounding, squared
    }
    EXPECT_NEAR(mean.mean(), theory::delta_mean_loss(N, d), 4 * mean.standard_error());
    EXPECT_NEAR(oldest.mean(), theory::delta_write_loss(1, N, d), 4 * oldest.standard_error());
    EXPECT_NEAR(middle.mean(), theory::delta_write_loss(N / 2 + 1, N, d), 4 * middle.standard_error());
  }
}

/// Coefficients of the n writes of one key, by the query that equals it, and ‖φ'‖² under normalisation `sum`.
struct Rewritten {
  Vector<double> weights;
  double c;
};

Rewritten rewrite(Index n, double beta, const std::string& normalization) {
  theory::Gaussian random(14);
  TokenTables<double> tables;
  // Long features, so that ε = 1e-6 in the read-outs is below 1e-10 of what it is added to.
  tables.key = 1e6 * (random.matrix(d, 1).cwiseAbs() + M::Ones(d, 1));
  tables.query = tables.key;
  tables.value.resize(d, 0);
  Episode episode;
  episode.keys.assign(static_cast<std::size_t>(n), 0);
  episode.values.resize(static_cast<std::size_t>(n));
  std::iota(episode.values.begin(), episode.values.end(), 0);
  auto fast_weight = memory<Elu<double>>("delta", normalization, {{"beta", beta}});
  fast_weight.begin(tables);
  M Y(n, 1);
  FastWeight<double>::Kept kept;
  fast_weight.read(episode, std::vector<int>{0}, Y, kept);
  const M phi = features(Elu<double>(), tables.key);
  return {Y.col(0), (phi / phi.sum()).squaredNorm()};
}

TEST(Anchors, ARewrittenKeyUnderAttentionSumAndL2) {
  for (const Index n : {1, 2, 5, 63})
    for (const double beta : {1.0, 0.5, 0.1}) {
      SCOPED_TRACE(testing::Message() << "n = " << n << ", beta = " << beta);
      const auto near = [](const Vector<double>& actual, const Vector<double>& expected) {
        ASSERT_EQ(actual.size(), expected.size());
        EXPECT_LT((actual - expected).cwiseAbs().maxCoeff(), 1e-10);
      };
      near(rewrite(n, beta, "attention").weights, theory::rewritten_attention_weights(n, beta));
      const auto [weights, c] = rewrite(n, beta, "sum");
      near(weights, theory::rewritten_sum_weights(n, beta, c));
      near(rewrite(n, beta, "l2").weights, theory::rewritten_sum_weights(n, beta, 1));
    }
}

}  // namespace
}  // namespace palimpsest
