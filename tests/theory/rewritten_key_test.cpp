#include "palimpsest/theory/rewritten_key.hpp"

#include <gtest/gtest.h>

#include <numbers>

#include "theory/gaussian.hpp"

namespace palimpsest::theory {
namespace {

using M = Matrix<double>;

Vector<double> some_features(Index p) { return Gaussian(7).matrix(p, 1).array().abs() + 0.1; }

// n distinct one-hot values written under one φ, read right after: y_n is the vector of weights.
Vector<double> simulate_attention(Index n, double beta, const Vector<double>& phi) {
  M W = M::Zero(n, phi.size());
  Vector<double> z = Vector<double>::Zero(phi.size());
  for (Index t = 0; t < n; ++t) {
    const Vector<double> old = t == 0 ? Vector<double>::Zero(n) : Vector<double>(W * phi / z.dot(phi));
    W += beta * (Vector<double>::Unit(n, t) - old) * phi.transpose();
    z += phi;
  }
  return W * phi / z.dot(phi);
}

Vector<double> simulate_delta(Index n, double beta, const Vector<double>& phi) {
  M W = M::Zero(n, phi.size());
  for (Index t = 0; t < n; ++t) W += beta * (Vector<double>::Unit(n, t) - W * phi) * phi.transpose();
  return W * phi;
}

TEST(RewrittenKey, AttentionWeightsBySimulation) {
  for (const Index n : {1, 2, 5, 63})
    for (const double beta : {0.0, 0.3, 1.0, 2.0})
      for (const Index p : {1, 5})
        EXPECT_LT((rewritten_attention_weights(n, beta) - simulate_attention(n, beta, some_features(p))).norm(), 1e-10)
            << n << " " << beta;
}

TEST(RewrittenKey, AttentionKeepsTheOldValuesAtFullStrength) {
  for (const Index n : {2, 3, 5, 10, 63}) {
    const double N = static_cast<double>(n);
    const Vector<double> w = rewritten_attention_weights(n, 1);
    for (Index i = 1; i <= n; ++i) EXPECT_NEAR(w[i - 1], static_cast<double>(i - 1) / (N * (N - 1)), 1e-10);
    EXPECT_NEAR(w.sum(), 0.5, 1e-10);
    EXPECT_NEAR(rewritten_loss(w), rewritten_attention_loss(n), 1e-10);
    EXPECT_NEAR(rewritten_loss(simulate_attention(n, 1, some_features(5))), rewritten_attention_loss(n), 1e-10);
  }
}

TEST(RewrittenKey, AttentionLossesByHand) {
  EXPECT_EQ(rewritten_attention_loss(1), 0);
  EXPECT_DOUBLE_EQ(rewritten_attention_loss(2), 0.125);
  EXPECT_DOUBLE_EQ(rewritten_attention_loss(3), 0.5 * (4.0 / 9 + 1.0 / 36));  // .2361
  EXPECT_DOUBLE_EQ(rewritten_attention_loss(5), 0.3375);
  EXPECT_NEAR(rewritten_attention_loss(10), 0.4176, 5e-5);
  EXPECT_NEAR(rewritten_attention_loss(1'000'000), 0.5, 1e-5);
}

TEST(RewrittenKey, SumWeightsBySimulation) {
  for (const Index n : {1, 5, 63})
    for (const double beta : {0.0, 0.4, 1.0}) {
      Vector<double> phi = some_features(5);
      phi /= phi.sum();
      const Vector<double> w = rewritten_sum_weights(n, beta, phi.squaredNorm());
      EXPECT_LT((w - simulate_delta(n, beta, phi)).norm(), 1e-10);
      EXPECT_GE(phi.squaredNorm(), 1.0 / 5);
    }
}

TEST(RewrittenKey, L2IsExactAtFullStrength) {
  const Vector<double> phi = some_features(5).normalized();
  for (const double beta : {0.3, 1.0, 1.9})
    EXPECT_LT((rewritten_sum_weights(9, beta, 1) - simulate_delta(9, beta, phi)).norm(), 1e-10);
  EXPECT_NEAR(rewritten_loss(simulate_delta(9, 1, phi)), 0, 1e-10);
  EXPECT_EQ(rewritten_loss(rewritten_sum_weights(9, 1, 1)), 0);
}

// 1ᵀW carries the total of the weights without the values: a row vector m, m·φ/(z·φ) when read.
TEST(RewrittenKey, AttentionMassTendsToItsLimitForAnyKeys) {
  Gaussian g(8);
  for (const double beta : {0.2, 0.5, 1.0}) {
    const M features = g.matrix(16, 20'000).cwiseAbs();
    Vector<double> m = Vector<double>::Zero(16), z = m;
    for (Index t = 0; t < features.cols(); ++t) {
      const auto k = features.col(t);
      const double old = t == 0 ? 0 : m.dot(k) / z.dot(k);
      m += beta * (1 - old) * k;
      z += k;
    }
    EXPECT_NEAR(m.dot(features.col(3)) / z.dot(features.col(3)), attention_mass_limit(beta), 0.01);  // ~ t^{−½}
    EXPECT_NEAR(rewritten_attention_weights(20'000, beta).sum(), attention_mass_limit(beta), 1e-4);
    // The accumulator grows with the mean feature: E|x| = √(2/π).
    EXPECT_NEAR(z.norm() / (20'000 * std::sqrt(16 * 2 / std::numbers::pi)), 1, 0.01);
  }
}

TEST(RewrittenKey, RefusesArgumentsOutOfRange) {
  EXPECT_THROW(rewritten_attention_weights(0, 1), ConfigurationError);
  EXPECT_THROW(rewritten_attention_weights(3, 2.1), ConfigurationError);
  EXPECT_THROW(rewritten_sum_weights(3, 1, 1.1), ConfigurationError);
  EXPECT_THROW(rewritten_attention_loss(0), ConfigurationError);
  EXPECT_THROW(attention_mass_limit(-0.1), ConfigurationError);
}

}  // namespace
}  // namespace palimpsest::theory
