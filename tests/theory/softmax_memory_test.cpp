#include "palimpsest/theory/softmax_memory.hpp"

#include <gtest/gtest.h>

#include <numbers>

#include "theory/gaussian.hpp"

namespace palimpsest::theory {
namespace {

using M = Matrix<double>;

// Attention of query j on every key, cosines given: softmax(κ cos).
M attention(const M& keys, double kappa) {
  M A = (kappa * (keys.transpose() * keys).array() - kappa).exp();
  return A * A.colwise().sum().cwiseInverse().asDiagonal();
}

double query_loss(const M& A, Index j) { return 0.5 * (Vector<double>::Unit(A.rows(), j) - A.col(j)).squaredNorm(); }

// S unit vectors with all cosines −1/(S−1).
M simplex(Index S) {
  M keys = M::Identity(S, S);
  keys.array() -= 1 / static_cast<double>(S);
  return keys.colwise().normalized();
}

TEST(SoftmaxMemory, SimplexKeysByDirectSoftmax) {
  for (const Index S : {2, 5, 20, 63})
    for (const double kappa : {0.0, 0.5, 3.0, 12.0}) {
      const M A = attention(simplex(S), kappa);
      const double gap = 1 + 1 / static_cast<double>(S - 1);
      EXPECT_NEAR(softmax_error_mass(S, softmax_margin(kappa, gap)), 1 - A(0, 0), 1e-13);
      EXPECT_NEAR(softmax_simplex_loss(S, kappa), query_loss(A, 0), 1e-13);
    }
}

TEST(SoftmaxMemory, MarginBoundsErrorMassAndLossOfAnyKeys) {
  Gaussian g(1);
  for (int trial = 0; trial < 500; ++trial) {
    const Index S = 2 + g.below(20);
    const double kappa = 20 * g.uniform();
    const M keys = g.unit_keys(2 + g.below(6), S), A = attention(keys, kappa);
    double nearest = -1;
    for (Index t = 1; t < S; ++t) nearest = std::max(nearest, keys.col(t).dot(keys.col(0)));
    const double mass = A.col(0).tail(S - 1).sum(), spread = static_cast<double>(S) / static_cast<double>(S - 1);
    EXPECT_LE(mass, softmax_error_mass(S, softmax_margin(kappa, 1 - nearest)) + 1e-13);
    EXPECT_LE(query_loss(A, 0), mass * mass + 1e-13);
    EXPECT_GE(query_loss(A, 0), 0.5 * spread * mass * mass - 1e-13);
  }
}

// No rank limit: 50 keys on a circle, all of them vertices of their hull, are stored in two dimensions.
TEST(SoftmaxMemory, AnyNumberFitsInTwoDimensions) {
  const Index S = 50;
  M keys(2, S);
  for (Index t = 0; t < S; ++t) {
    const double angle = 2 * std::numbers::pi * static_cast<double>(t) / static_cast<double>(S);
    keys.col(t) << std::cos(angle), std::sin(angle);
  }
  EXPECT_LT(query_loss(attention(keys, 2000), 7), 1e-6);
}

TEST(SoftmaxMemory, SphereMeanInThreeKnownDimensions) {
  for (const double kappa : {1e-3, 0.7, 5.0, 60.0, 700.0}) {
    EXPECT_NEAR(log_sphere_mean(1, kappa), kappa + std::log1p(std::exp(-2 * kappa)) - std::numbers::ln2, 1e-11);
    EXPECT_NEAR(log_sphere_mean(3, kappa), kappa + std::log(-std::expm1(-2 * kappa) / (2 * kappa)), 1e-11);
    EXPECT_NEAR(log_sphere_mean(2, kappa), std::log(std::cyl_bessel_i(0.0, kappa)), 1e-11);
  }
}

TEST(SoftmaxMemory, SphereMeanIsTheBesselForm) {
  for (const Index d : {5, 64, 127})
    for (const double kappa : {0.5, 8.0, 300.0}) {
      const double h = 0.5 * static_cast<double>(d) - 1;
      const double bessel = std::log(std::cyl_bessel_i(h, kappa));
      EXPECT_NEAR(log_sphere_mean(d, kappa), std::lgamma(h + 1) + h * std::log(2 / kappa) + bessel, 1e-9);
    }
}

// I_h(κ)e^{−κ} → (2πκ)^{−½} (1 − (4h² − 1)/8κ), where cyl_bessel_i has long overflowed.
TEST(SoftmaxMemory, SphereMeanDoesNotOverflow) {
  const double kappa = 1e7, h = 31;
  const double expected = std::lgamma(h + 1) + h * std::log(2 / kappa) - 0.5 * std::log(2 * std::numbers::pi * kappa) -
                          (4 * h * h - 1) / (8 * kappa);
  EXPECT_NEAR(log_sphere_mean(64, kappa) - kappa, expected, 1e-5);  // rounding of terms of size κ log κ
  EXPECT_EQ(log_sphere_mean(64, 0), 0);
  EXPECT_NEAR(log_sphere_mean(100'000, 1), 0.5 / 100'000, 1e-9);  // 1 + κ²/2d
}

TEST(SoftmaxMemory, RandomKeysByMonteCarlo) {
  Gaussian g(2);
  for (const auto& [S, d, kappa] :
       {std::tuple<Index, Index, double>{100, 64, 8}, {400, 64, 8}, {400, 64, 4}, {200, 16, 3}}) {
    Sample odds, mass, loss;
    for (int trial = 0; trial < 24; ++trial) {
      const M A = attention(g.unit_keys(d, S), kappa);
      double mean_odds = 0, mean_mass = 0, mean_loss = 0;  // over a draw's queries, which are not independent
      for (Index j = 0; j < S; ++j) {
        mean_odds += (1 / A(j, j) - 1) / static_cast<double>(S);
        mean_mass += (1 - A(j, j)) / static_cast<double>(S);
        mean_loss += query_loss(A, j) / static_cast<double>(S);
      }
      odds(mean_odds), mass(mean_mass), loss(mean_loss);
    }
    const double expected = softmax_random_error_mass(S, d, kappa);
    EXPECT_NEAR(odds.mean(), expected / (1 - expected), 4 * odds.standard_error());  // exact in the mean
    EXPECT_NEAR(mass.mean() / expected, 1, 0.03) << S << " " << d << " " << kappa;
    EXPECT_NEAR(loss.mean() / softmax_random_loss(S, d, kappa), 1, 0.05) << S << " " << d << " " << kappa;
  }
}

TEST(SoftmaxMemory, CapacitiesInvertTheLosses) {
  for (const double loss : {0.0005, 0.001, 0.1, 0.4}) {
    for (const Index d : {2, 8, 64})
      for (const double kappa : {0.0, 2.0, 8.0, 11.0}) {
        const double S = softmax_random_capacity(d, kappa, loss);
        ASSERT_LT(S, 1e9);
        EXPECT_LE(softmax_random_loss(static_cast<Index>(S), d, kappa), loss * (1 + 1e-9));
        EXPECT_GT(softmax_random_loss(static_cast<Index>(S) + 1, d, kappa), loss * (1 - 1e-9));
      }
    for (const double margin : {0.0, 1.0, 9.0}) {
      const auto S = static_cast<Index>(softmax_margin_capacity(margin, loss));
      EXPECT_LE(std::pow(softmax_error_mass(S, margin), 2), loss);
      EXPECT_GT(std::pow(softmax_error_mass(S + 1, margin), 2), loss);
    }
  }
  EXPECT_EQ(softmax_random_capacity(64, 8, 0), 1);
  EXPECT_GT(softmax_random_capacity(64, 1e4, 0.001), 1e80);
}

TEST(SoftmaxMemory, RefusesArgumentsOutOfRange) {
  EXPECT_THROW(softmax_margin(-1, 1), ConfigurationError);
  EXPECT_THROW(softmax_margin(1, 2.1), ConfigurationError);
  EXPECT_THROW(softmax_error_mass(0, 1), ConfigurationError);
  EXPECT_THROW(softmax_simplex_loss(1, 1), ConfigurationError);
  EXPECT_THROW(softmax_random_loss(5, 0, 1), ConfigurationError);
  EXPECT_THROW(softmax_random_capacity(64, 1, 0.5), ConfigurationError);
  EXPECT_THROW(softmax_margin_capacity(-1, 0.1), ConfigurationError);
  EXPECT_THROW(log_sphere_mean(3, std::nan("")), ConfigurationError);
}

}  // namespace
}  // namespace palimpsest::theory
