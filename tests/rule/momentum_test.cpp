#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <vector>

#include "palimpsest/rule/delta.hpp"
#include "palimpsest/rule/momentum_query.hpp"
#include "rule/positions.hpp"

namespace palimpsest {
namespace {

using reference::agree;
using M = Matrix<double>;
using Momentum = MomentumQuery<double>;
using Gates = MomentumGates<double>;
using After = std::vector<Index>;

/// Arguments as matrices: K p×L, gates L×1, Q p×N.
struct Scene {
  M K, alpha, eta, theta, rho, Q;

  Gates gates() const { return {alpha, eta, theta, rho}; }

  /// Cut after r writes, with query n alone.
  Scene cut(Index r, Index n) const {
    return {K.leftCols(r), alpha.topRows(r), eta.topRows(r), theta.topRows(r), rho.topRows(r), Q.col(n)};
  }
};

/// Keys about as long as 1, so that steps θ < 1 converge.
Scene scene(const EpisodeSize& size) {
  return {reference::normal(size.p, size.L, 90) / std::sqrt(static_cast<double>(size.p)),
          uniform(0.7, 1, size.L, 1, 91),
          uniform(0.1, 0.9, size.L, 1, 92),
          uniform(0.1, 0.6, size.L, 1, 93),
          uniform(0.4, 1.2, size.L, 1, 94),
          reference::normal(size.p, size.N, 95)};
}

M coefficients(const Scene& x, const After& after) {
  reference::PoisonedWindow<double> C(x.K.cols(), x.Q.cols());
  Momentum::Workspace work;
  Momentum::coefficients(x.K, x.gates(), x.Q, after, C.view(), work);
  EXPECT_TRUE(C.in_bounds());
  return C.value();
}

/// Of Σ C ∘ dC.
Scene gradients(const Scene& x, const After& after, const M& dC) {
  Gates d;
  d.set_constant(x.K.cols(), 0);
  M dK = M::Zero(x.K.rows(), x.K.cols()), dQ = M::Zero(x.Q.rows(), x.Q.cols());
  Momentum::Workspace work;
  Momentum::backward(x.K, x.gates(), x.Q, after, dC, work, dK, d, dQ);
  return {dK, d.alpha, d.eta, d.theta, d.retrieval, dQ};
}

/// Y: the recurrence as it is written, values V: d_v×L.
M answers(const Scene& x, const After& after, const M& V) {
  M Y(V.rows(), x.Q.cols()), W = M::Zero(V.rows(), x.K.rows()), momentum = W;
  for (Index t = 0; t <= x.K.cols(); ++t) {
    for (Index n = 0; n < Y.cols(); ++n)
      if (writes_seen(after, n, x.K.cols()) == t) Y.col(n) = W * x.Q.col(n);
    if (t == x.K.cols()) break;
    const Vector<double> k = x.K.col(t);
    momentum = x.eta(t) * momentum - x.theta(t) * (x.rho(t) * W * k - V.col(t)) * k.transpose();
    W = x.alpha(t) * W + momentum;
  }
  return Y;
}

void for_all(const std::function<void(const Scene&, const After&)>& f) {
  for (const EpisodeSize& size : odd_sizes())
    for (const After& after : positions(size.L, size.N)) {
      SCOPED_TRACE(fmt::format("p = {}, L = {}, N = {}, first query after {}", size.p, size.L, size.N,
                               writes_seen(after, 0, size.L)));
      f(scene(size), after);
    }
}

/// Rounding of a few times L·p terms.
constexpr double kRounding = 1e-12;

TEST(Momentum, ByHand) {
  // Keys (1, 0) and (1, 1), α = η = θ = ½, q = (2, 1), unit values, row i of W what is stored for value i.
  // M₁ = W₁ = [½ 0; 0 0], W₁k₂ = (½, 0), M₂ = ½ M₁ − ½ (½, −1)ᵀ(1, 1) = [0 −¼; ½ ½], W₂ = ½ W₁ + M₂ = [¼ −¼; ½ ½]:
  // y = (¼, 3/2). After the first write: y = (1, 0).
  const M half = M::Constant(2, 1, 0.5);
  const Scene x{M{{1, 1}, {0, 1}}, half, half, half, M::Ones(2, 1), M{{2, 2}, {1, 1}}};
  EXPECT_TRUE(agree(coefficients(x, {2, 1}), M{{0.25, 1}, {1.5, 0}}, 1e-15));
}

TEST(Momentum, GradientsByHand) {
  // Two writes of the key 1, query 1, in numbers: c₂ = θ₂, c₁ = θ₁ (α₂ − θ₂ρ₂ + η₂). With dc₁ = 1 and all gates ½, ρ = 1:
  // dα₂ = dη₂ = ½, dθ₁ = ½, dθ₂ = −½, dρ₂ = −¼, and dq = c₁ = ¼.
  const M half = M::Constant(2, 1, 0.5);
  const Scene d = gradients({M::Ones(1, 2), half, half, half, M::Ones(2, 1), M::Ones(1, 1)}, {}, M{{1}, {0}});
  EXPECT_EQ(d.alpha, (M{{0}, {0.5}}));
  EXPECT_EQ(d.eta, (M{{0}, {0.5}}));
  EXPECT_EQ(d.theta, (M{{0.5}, {-0.5}}));
  EXPECT_EQ(d.rho, (M{{0}, {-0.25}}));
  EXPECT_EQ(d.Q, (M{{0.25}}));
}

TEST(Momentum, IsTheRecurrenceOfItsState) {
  for_all([](const Scene& x, const After& after) {
    EXPECT_TRUE(agree(coefficients(x, after), answers(x, after, M::Identity(x.K.cols(), x.K.cols())), 1e-10));
  });
}

TEST(Momentum, GradientsAreCentralDifferences) {
  for_all([](Scene x, const After& after) {
    const M dC = reference::normal(x.K.cols(), x.Q.cols(), 96);
    const Scene d = gradients(x, after, dC);
    const auto f = [&] { return coefficients(x, after).cwiseProduct(dC).sum(); };
    expect_gradient(f, x.K, d.K, "keys");
    expect_gradient(f, x.alpha, d.alpha, "alpha");
    expect_gradient(f, x.eta, d.eta, "eta");
    expect_gradient(f, x.theta, d.theta, "theta");
    expect_gradient(f, x.rho, d.rho, "rho");
    expect_gradient(f, x.Q, d.Q, "queries");
  });
}

TEST(Momentum, WithoutMomentumOrDecayIsTheDeltaRule) {
  for (const EpisodeSize& size : odd_sizes()) {
    SCOPED_TRACE(fmt::format("p = {}, L = {}, N = {}", size.p, size.L, size.N));
    Scene x = scene(size);
    x.alpha.setOnes();
    x.eta.setZero();
    const M C = coefficients(x, {}), dC = reference::normal(size.L, size.N, 96);
    const Scene d = gradients(x, {}, dC);

    const Writes<double> writes{{x.theta.transpose()}, x.rho};
    Writes<double> dwrites;
    dwrites.clear_like(writes);
    DeltaRule<double>::Workspace work;
    M expected(size.L, size.N), dK(size.p, size.L), dQ = M::Zero(size.p, size.N);
    const DeltaRule<double> delta;
    delta.coefficients(x.K, writes, x.Q, expected, work);
    delta.backward(0, x.K, writes, x.Q, expected, dC, work, dK, dwrites, dQ);
    EXPECT_TRUE(agree(C, expected, kRounding));
    EXPECT_TRUE(agree(d.K, dK, kRounding));
    EXPECT_TRUE(agree(d.theta, dwrites.gate(0), kRounding));
    EXPECT_TRUE(agree(d.rho, dwrites.retrieval, kRounding));
    EXPECT_TRUE(agree(d.Q, dQ, kRounding));
  }
}

TEST(Momentum, AQueryAfterSomeWritesIsOneAtTheirEnd) {
  for_all([](const Scene& x, const After& after) {
    const Index L = x.K.cols();
    const M C = coefficients(x, after), dC = reference::normal(L, x.Q.cols(), 96);
    const Scene d = gradients(x, after, dC);
    const M none = M::Zero(L, 1);
    Scene sum{M::Zero(x.K.rows(), L), none, none, none, none, M()};
    for (Index n = 0; n < x.Q.cols(); ++n) {
      const Index r = writes_seen(after, n, L);
      const Scene one = x.cut(r, n);
      EXPECT_EQ(C.col(n).head(r), coefficients(one, {}));
      EXPECT_TRUE(C.col(n).tail(L - r).isZero(0));
      const Scene done = gradients(one, {}, dC.col(n).head(r));
      sum.K.leftCols(r) += done.K;
      sum.alpha.topRows(r) += done.alpha;
      sum.eta.topRows(r) += done.eta;
      sum.theta.topRows(r) += done.theta;
      sum.rho.topRows(r) += done.rho;
      EXPECT_EQ(d.Q.col(n), done.Q);
    }
    // The order of sums changes, nothing else.
    EXPECT_TRUE(agree(d.K, sum.K, 1e-13));
    EXPECT_TRUE(agree(d.alpha, sum.alpha, 1e-13));
    EXPECT_TRUE(agree(d.eta, sum.eta, 1e-13));
    EXPECT_TRUE(agree(d.theta, sum.theta, 1e-13));
    EXPECT_TRUE(agree(d.rho, sum.rho, 1e-13));
  });
}

TEST(Momentum, GradientsAccumulate) {
  const Scene x = scene({5, 7, 3});
  const After after{7, 2, 4};
  const M dC = reference::normal(7, 3, 96);
  const Scene d = gradients(x, after, dC);
  Gates dgates;
  dgates.set_constant(7, 1);
  M dK = M::Ones(5, 7), dQ = M::Ones(5, 3);
  Momentum::Workspace work;
  Momentum::backward(x.K, x.gates(), x.Q, after, dC, work, dK, dgates, dQ);
  const auto beyond_one = [](const auto& x) { return M((x.array() - 1).matrix()); };
  // 1 + x is rounded to 1e-16 at each of a few sums.
  EXPECT_TRUE(agree(beyond_one(dK), d.K, 1e-14));
  EXPECT_EQ(beyond_one(dQ), beyond_one((d.Q.array() + 1).matrix()));
  EXPECT_TRUE(agree(beyond_one(dgates.alpha), d.alpha, 1e-14));
  EXPECT_TRUE(agree(beyond_one(dgates.eta), d.eta, 1e-14));
  EXPECT_TRUE(agree(beyond_one(dgates.theta), d.theta, 1e-14));
  EXPECT_TRUE(agree(beyond_one(dgates.retrieval), d.rho, 1e-14));
}

TEST(Momentum, AWorkspaceMayServeCallsOfOtherSizes) {
  Momentum::Workspace work;
  for (const EpisodeSize& size : odd_sizes())
    for (const After& after : positions(size.L, size.N)) {
      const Scene x = scene(size);
      M C(size.L, size.N);
      Momentum::coefficients(x.K, x.gates(), x.Q, after, C, work);
      EXPECT_EQ(C, coefficients(x, after));
    }
}

TEST(Momentum, LongEpisodesOfStrongAndWeakDecay) {
  const Index L = 10000, p = 3;
  constexpr double kStrong = 1e-6, kWeak = 1 - 1e-7;
  struct Decays {
    double alpha, eta, theta;
  };
  // With both weak nothing damps, and W swings the further the longer the steps.
  for (const auto& [alpha, eta, theta] :
       {Decays{kStrong, kStrong, 0.3}, {kWeak, kStrong, 0.3}, {kStrong, kWeak, 0.3}, {kWeak, kWeak, 1e-5}}) {
    SCOPED_TRACE(fmt::format("alpha {}, eta {}", alpha, eta));
    Scene x = scene({p, L, 3});
    x.alpha.setConstant(alpha);
    x.eta.setConstant(eta);
    x.theta.setConstant(theta);
    const After after{L, 7003, 2};
    const M V = reference::normal(2, L, 97), C = coefficients(x, after);
    EXPECT_TRUE(C.allFinite());
    // Rounded 10⁴ times: 1e-12, of terms that cancel.
    EXPECT_TRUE(agree(V * C, answers(x, after, V), 1e-10));
    const M dC = V.transpose() * reference::normal(2, 3, 98);
    const Scene d = gradients(x, after, dC);
    EXPECT_TRUE(d.K.allFinite() && d.alpha.allFinite() && d.eta.allFinite() && d.theta.allFinite() &&
                d.rho.allFinite() && d.Q.allFinite());
    const auto f = [&] { return coefficients(x, after).cwiseProduct(dC).sum(); };
    expect_gradient(f, x.K, d.K, "keys");
    expect_gradient(f, x.Q, d.Q, "queries");
  }
}

TEST(Momentum, InSinglePrecision) {
  const Scene x = scene({63, 63, 4});
  const After after{63, 0, 30, 63};
  const M dC = reference::normal(63, 4, 96);
  const Scene d = gradients(x, after, dC);
  using F = Matrix<float>;
  const MomentumGates<float> gates{x.alpha.cast<float>(), x.eta.cast<float>(), x.theta.cast<float>(),
                                   x.rho.cast<float>()};
  MomentumGates<float> dgates;
  dgates.set_constant(63, 0);
  F C(63, 4), dK = F::Zero(63, 63), dQ = F::Zero(63, 4);
  MomentumQuery<float>::Workspace work;
  const F K = x.K.cast<float>(), Q = x.Q.cast<float>();
  MomentumQuery<float>::coefficients(K, gates, Q, after, C, work);
  MomentumQuery<float>::backward(K, gates, Q, after, dC.cast<float>(), work, dK, dgates, dQ);
  // Rounding to 6e-8 of sums of 63 terms that are carried 63 times.
  EXPECT_TRUE(agree(C, coefficients(x, after), 1e-5));
  EXPECT_TRUE(agree(dK, d.K, 1e-5));
  EXPECT_TRUE(agree(dgates.alpha, d.alpha, 1e-5));
  EXPECT_TRUE(agree(dgates.eta, d.eta, 1e-5));
  EXPECT_TRUE(agree(dgates.theta, d.theta, 1e-5));
  EXPECT_TRUE(agree(dgates.retrieval, d.rho, 1e-5));
  EXPECT_TRUE(agree(dQ, d.Q, 1e-5));
}

}  // namespace
}  // namespace palimpsest
