#include "palimpsest/theory/random_keys.hpp"

#include <gtest/gtest.h>

#include "palimpsest/theory/rank_bound.hpp"
#include "reference/linear_algebra.hpp"
#include "theory/gaussian.hpp"

namespace palimpsest::theory {
namespace {

using M = Matrix<double>;

// With distinct one-hot values the state is W (N×d) and the loss of query j is ½‖e_j − W k_j‖².
M delta_state(const M& keys) {
  M W = M::Zero(keys.cols(), keys.rows());
  for (Index t = 0; t < keys.cols(); ++t) {
    const Vector<double> error = Vector<double>::Unit(keys.cols(), t) - W * keys.col(t);
    W.noalias() += error * keys.col(t).transpose();
  }
  return W;
}

double query_loss(const M& W, const M& keys, Index j) {
  return 0.5 * (Vector<double>::Unit(W.rows(), j) - W * keys.col(j)).squaredNorm();
}

double mean_loss(const M& W, const M& keys) {
  double sum = 0;
  for (Index j = 0; j < keys.cols(); ++j) sum += query_loss(W, keys, j);
  return sum / static_cast<double>(keys.cols());
}

TEST(RandomKeys, HebbianByMonteCarlo) {
  Gaussian g(1);
  for (const auto& [N, d] : {std::pair<Index, Index>{5, 3}, {40, 16}, {100, 64}}) {
    Sample error, damped;
    for (int trial = 0; trial < 100; ++trial) {
      const M keys = g.unit_keys(d, N), W = keys.transpose();
      error(2 * mean_loss(W, keys));
      damped(mean_loss(hebbian_best_gain(N, d) * W, keys));
    }
    EXPECT_NEAR(hebbian_relative_error(N, d), error.mean(), 4 * error.standard_error());
    EXPECT_NEAR(hebbian_loss(N, d), 0.5 * error.mean(), 2 * error.standard_error());
    EXPECT_NEAR(hebbian_loss(N, d, hebbian_best_gain(N, d)), damped.mean(), 4 * damped.standard_error());
  }
}

TEST(RandomKeys, BestHebbianGainIsTheLeastLoss) {
  for (const auto& [N, d] : {std::pair<Index, Index>{1, 5}, {30, 7}, {64, 64}}) {
    const double n = static_cast<double>(N - 1), gain = hebbian_best_gain(N, d), least = hebbian_loss(N, d, gain);
    EXPECT_NEAR(least, 0.5 * n / (n + static_cast<double>(d)), 1e-14);
    EXPECT_GT(hebbian_loss(N, d, gain + 1e-3), least);
    EXPECT_GT(hebbian_loss(N, d, gain - 1e-3), least);
  }
}

TEST(RandomKeys, LeastSquaresBySolving) {
  Gaussian g(2);
  for (const auto& [N, d] : {std::pair<Index, Index>{1, 5}, {5, 5}, {17, 5}, {63, 64}, {100, 64}}) {
    const M keys = g.unit_keys(d, N);
    const M W = reference::solve(keys.transpose(), M::Identity(N, N)).transpose();
    EXPECT_NEAR(least_squares_relative_error(N, d), 2 * mean_loss(W, keys), 1e-9);  // condition of square random keys
    EXPECT_NEAR(least_squares_relative_error(N, d), 2 * rank_bound(N, d), 1e-14);
  }
}

TEST(RandomKeys, DeltaByMonteCarlo) {
  Gaussian g(3);
  for (const auto& [T, d, trials] :
       {std::tuple<Index, Index, int>{1, 3, 10}, {6, 1, 10}, {9, 2, 2000}, {12, 5, 2000}, {63, 16, 300}}) {
    std::vector<Sample> loss(static_cast<std::size_t>(T));
    Sample norm, mean;
    for (int trial = 0; trial < trials; ++trial) {
      const M keys = g.unit_keys(d, T), W = delta_state(keys);
      norm(W.squaredNorm());
      mean(mean_loss(W, keys));
      for (Index t = 0; t < T; ++t) loss[static_cast<std::size_t>(t)](query_loss(W, keys, t));
    }
    // 1e-9 for what is the same in every trial: the latest write (loss 0), d = 1 and T = 1.
    EXPECT_NEAR(delta_squared_norm(T, d), norm.mean(), 4 * norm.standard_error() + 1e-9);
    EXPECT_NEAR(delta_mean_loss(T, d), mean.mean(), 4 * mean.standard_error() + 1e-9);
    for (Index t0 = 1; t0 <= T; t0 += std::max<Index>(1, T / 6)) {
      const Sample& s = loss[static_cast<std::size_t>(t0 - 1)];
      EXPECT_NEAR(delta_write_loss(t0, T, d), s.mean(), 4 * s.standard_error() + 1e-9)
          << t0 << " of " << T << ", " << d;
    }
  }
}

// The same loss term by term, b_τ = E(k·A k)² by its recursion over the later writes.
TEST(RandomKeys, DeltaIsTheSolvedRecursion) {
  for (const Index d : {1, 2, 64})
    for (const Index t0 : {1, 2, 30}) {
      const double D = static_cast<double>(d), rho = 1 - 1 / D;
      double b = 1;
      for (Index tau = 0; tau < 100; ++tau) {
        const double kept = std::pow(rho, static_cast<double>(tau));
        const double before = (1 - std::pow(rho, static_cast<double>(t0 - 1))) * (kept - b);
        EXPECT_NEAR(delta_write_loss(t0, t0 + tau, d), 0.5 * ((1 - kept) + b + before - 2 * kept + 1), 1e-13);
        b = (1 - 2 / D + 2 / (D * (D + 2))) * b + kept / (D * (D + 2));
      }
    }
}

TEST(RandomKeys, DeltaAtTwoHundredWrites) {
  EXPECT_NEAR(delta_mean_loss(200, 64), 0.679, 0.0005);
  Gaussian g(4);
  Sample mean;
  for (int trial = 0; trial < 60; ++trial) {
    const M keys = g.unit_keys(64, 200);
    mean(mean_loss(delta_state(keys), keys));
  }
  EXPECT_NEAR(delta_mean_loss(200, 64), mean.mean(), 4 * mean.standard_error());
}

TEST(RandomKeys, RefusesSizesOutOfRange) {
  EXPECT_THROW(hebbian_relative_error(0, 3), ConfigurationError);
  EXPECT_THROW(hebbian_loss(3, 0), ConfigurationError);
  EXPECT_THROW(least_squares_relative_error(3, 0), ConfigurationError);
  EXPECT_THROW(delta_squared_norm(-1, 3), ConfigurationError);
  EXPECT_THROW(delta_write_loss(4, 3, 2), ConfigurationError);
  EXPECT_THROW(delta_mean_loss(0, 2), ConfigurationError);
}

}  // namespace
}  // namespace palimpsest::theory
