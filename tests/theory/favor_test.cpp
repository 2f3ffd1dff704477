#include "palimpsest/theory/favor.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "theory/gaussian.hpp"

namespace palimpsest::theory {
namespace {

using M = Matrix<double>;
using V = Vector<double>;

V exponential(const M& Omega, const V& x, double sign) {
  return (sign * (Omega.transpose() * x).array() - 0.5 * x.squaredNorm()).exp();
}

V two_sided(const M& Omega, const V& x) {
  V phi(2 * Omega.cols());
  phi << exponential(Omega, x, 1), exponential(Omega, x, -1);
  return phi / std::sqrt(2.0 * static_cast<double>(Omega.cols()));
}

V one_sided(const M& Omega, const V& x) {
  return exponential(Omega, x, 1) / std::sqrt(static_cast<double>(Omega.cols()));
}

V trigonometric(const M& Omega, const V& x) {
  const Eigen::ArrayXd angle = (Omega.transpose() * x).array();
  V phi(2 * Omega.cols());
  phi << V(angle.cos()), V(angle.sin());
  return phi * std::exp(0.5 * x.squaredNorm()) / std::sqrt(static_cast<double>(Omega.cols()));
}

// Estimates of exp(q·k) with Ω drawn afresh, divided by exp(q·k): mean 1 and variance CV². The estimate of the
// variance has its own standard error, from the spread of the squared deviations.
template <class Features>
void expect_cv2(Features features, double expected) {
  Gaussian g(5);
  const V q = V{{0.5, -0.3, 0.2}}, k = V{{0.4, 0.1, 0.3}};
  Sample ratio, squares;
  for (int trial = 0; trial < 200'000; ++trial) {
    const M Omega = g.matrix(3, 4);
    const double r = features(Omega, q).dot(features(Omega, k)) / std::exp(q.dot(k));
    ratio(r);
    squares((r - 1) * (r - 1));
  }
  EXPECT_NEAR(ratio.mean(), 1, 4 * ratio.standard_error());
  EXPECT_NEAR(squares.mean(), expected, 4 * squares.standard_error());
}

constexpr double squared_sum = 0.9 * 0.9 + 0.2 * 0.2 + 0.5 * 0.5;
constexpr double squared_difference = 0.1 * 0.1 + 0.4 * 0.4 + 0.1 * 0.1;

TEST(Favor, TwoSidedVariationByMonteCarlo) { expect_cv2(two_sided, favor_cv2(4, squared_sum)); }
TEST(Favor, OneSidedVariationByMonteCarlo) { expect_cv2(one_sided, favor_onesided_cv2(4, squared_sum)); }
TEST(Favor, TrigonometricVariationByMonteCarlo) { expect_cv2(trigonometric, rff_cv2(4, squared_difference)); }

TEST(Favor, MatchGrowsWithTheFourthPower) {
  const double a = 5;  // q = k, q·k = a, ‖q+k‖² = 4a
  EXPECT_NEAR(favor_cv2(64, 4 * a) / (std::exp(4 * a) / 128), 1, 1e-7);
  EXPECT_EQ(rff_cv2(64, 0), 0);
}

M uniform(Gaussian& g, Index rows, Index columns, double bound) {
  return M::NullaryExpr(rows, columns, [&](Index, Index) { return bound * (2 * g.uniform() - 1); });
}

// The published mini-model before training: keys d×S of tokens [one-hot value; embedding], and the queries of its keys.
struct InitialModel {
  M keys, queries;

  InitialModel(Gaussian& g, Index S, Index d) {
    const Index e = 22 * S / 10;
    const double D = std::sqrt(static_cast<double>(d));
    const M E = g.matrix(e, S);
    keys = uniform(g, d, S, 1 / D);  // the weights of the one-hot values: key i is written with value i
    keys += uniform(g, d, e, 1 / D) * E;
    keys.colwise() += V(uniform(g, d, 1, 1 / std::sqrt(static_cast<double>(S + e))));
    queries = uniform(g, d, e, 1 / D) * E;
    queries.colwise() += V(uniform(g, d, 1, 1 / std::sqrt(static_cast<double>(e))));
  }
};

TEST(Favor, InitialKeyNormByMonteCarlo) {
  Gaussian g(6);
  for (const auto& [S, d] : {std::pair<Index, Index>{5, 63}, {20, 64}, {80, 8}}) {
    Sample norm;
    for (int trial = 0; trial < 200; ++trial) norm(InitialModel(g, S, d).keys.colwise().squaredNorm().mean());
    EXPECT_NEAR(initial_squared_key_norm(S, d), norm.mean(), 4 * norm.standard_error()) << S << " " << d;
  }
  // The bias is what (1 + 2.2·S)/3 leaves out: 2 % at S = 20, less beyond.
  EXPECT_NEAR(initial_squared_key_norm(20, 64) / ((1 + 44) / 3.0), 1, 0.023);
}

// Unscaled FAVOR+ starts with z·φ(q) below the denominator's 1e-6 from S = 80 on, and well above at S = 20.
TEST(Favor, UnscaledDenominatorVanishesWithTheNorm) {
  Gaussian g(7);
  const auto median_denominator = [&](Index S) {
    std::vector<double> all;
    for (int trial = 0; trial < 20; ++trial) {
      const InitialModel model(g, S, 64);
      const M Omega = g.matrix(64, 64);
      V z = V::Zero(128);
      for (Index t = 0; t < S; ++t) z += two_sided(Omega, model.keys.col(t));
      all.push_back(z.dot(two_sided(Omega, model.queries.col(0))));
    }
    std::ranges::nth_element(all, all.begin() + 10);
    return all[10];
  };
  EXPECT_GT(median_denominator(20), 1e-3);
  EXPECT_LT(median_denominator(80), 1e-6);
}

TEST(Favor, RefusesArgumentsOutOfRange) {
  EXPECT_THROW(favor_cv2(0, 1), ConfigurationError);
  EXPECT_THROW(favor_onesided_cv2(4, -1), ConfigurationError);
  EXPECT_THROW(rff_cv2(4, -1), ConfigurationError);
  EXPECT_THROW(initial_squared_key_norm(0, 4), ConfigurationError);
}

}  // namespace
}  // namespace palimpsest::theory
