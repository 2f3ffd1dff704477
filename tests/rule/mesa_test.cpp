#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include "palimpsest/rule/mesa_system.hpp"
#include "palimpsest/rule/rls.hpp"
#include "reference/linear_algebra.hpp"
#include "rule/positions.hpp"

namespace palimpsest {
namespace {

using reference::agree;
using M = Matrix<double>;
using Gates = MesaGates<double>;
using After = std::vector<Index>;

/// Arguments as matrices: K p×L, log α and β L×1, λ p×1, Q p×N.
struct Scene {
  M K, log_alpha, beta, lambda, Q;

  Gates gates() const { return {log_alpha, beta, lambda}; }

  /// Cut after r writes, with query n alone.
  Scene cut(Index r, Index n) const { return {K.leftCols(r), log_alpha.topRows(r), beta.topRows(r), lambda, Q.col(n)}; }
};

Scene scene(const EpisodeSize& size) {
  return {reference::normal(size.p, size.L, 70) / std::sqrt(static_cast<double>(size.p)),
          uniform(0.3, 1, size.L, 1, 71).array().log(), uniform(0.1, 1, size.L, 1, 72),
          uniform(0.25, 1.5, size.p, 1, 73), reference::normal(size.p, size.N, 74)};
}

M coefficients(const Scene& x, const After& after, MesaSystem& kept) {
  reference::PoisonedWindow<double> C(x.K.cols(), x.Q.cols());
  mesa_coefficients<double>(x.K, x.gates(), x.Q, after, C.view(), kept);
  EXPECT_TRUE(C.in_bounds());
  return C.value();
}

M coefficients(const Scene& x, const After& after) {
  MesaSystem kept;
  return coefficients(x, after, kept);
}

/// Of Σ C ∘ dC.
Scene backward(const Scene& x, const MesaSystem& kept, const M& dC) {
  Gates d{Vector<double>::Zero(x.K.cols()), Vector<double>::Zero(x.K.cols()), Vector<double>::Zero(x.K.rows())};
  M dK = M::Zero(x.K.rows(), x.K.cols()), dQ = M::Zero(x.Q.rows(), x.Q.cols());
  mesa_backward<double>(dC, kept, dK, d, dQ);
  return {dK, d.log_alpha, d.beta, d.lambda, dQ};
}

Scene gradients(const Scene& x, const After& after, const M& dC) {
  MesaSystem kept;
  coefficients(x, after, kept);
  return backward(x, kept, dC);
}

/// Y: the recurrence of G and H as it is written, values V: d_v×L.
M answers(const Scene& x, const After& after, const M& V) {
  M Y(V.rows(), x.Q.cols());
  for (Index n = 0; n < Y.cols(); ++n) {
    M G = M::Zero(x.K.rows(), x.K.rows()), H = M::Zero(V.rows(), x.K.rows());
    for (Index t = 0; t < writes_seen(after, n, x.K.cols()); ++t) {
      const double alpha = std::exp(x.log_alpha(t));
      G = alpha * G + x.beta(t) * x.K.col(t) * x.K.col(t).transpose();
      H = alpha * H + x.beta(t) * V.col(t) * x.K.col(t).transpose();
    }
    G.diagonal() += x.lambda.col(0);
    Y.col(n) = H * reference::solve(G, x.Q.col(n));
  }
  return Y;
}

M unit_values(const Scene& x) { return M::Identity(x.K.cols(), x.K.cols()); }

void for_all(const std::function<void(const Scene&, const After&)>& f) {
  for (const EpisodeSize& size : odd_sizes())
    for (const After& after : positions(size.L, size.N)) {
      SCOPED_TRACE(fmt::format("p = {}, L = {}, N = {}, first query after {}", size.p, size.L, size.N,
                               writes_seen(after, 0, size.L)));
      f(scene(size), after);
    }
}

void expect_gradients(Scene& x, const Scene& d, const std::function<double()>& f) {
  expect_gradient(f, x.K, d.K, "keys");
  expect_gradient(f, x.log_alpha, d.log_alpha, "log alpha");
  expect_gradient(f, x.beta, d.beta, "beta");
  expect_gradient(f, x.lambda, d.lambda, "lambda");
  expect_gradient(f, x.Q, d.Q, "queries");
}

/// Rounding, a solve of a condition below (λ + Σ β ‖k‖²)/λ = 300 and a few hundred terms.
constexpr double kRounding = 1e-12;

TEST(Mesa, ByHand) {
  // Keys (1, 0) and (1, 1), β = 1, α = λ = ½, q = (2, 1): G = ½ [1 0; 0 0] + [1 1; 1 1], G + Λ = [2 1; 1 3/2], u = (1, 0),
  // c = (½ (1, 0)·u, (1, 1)·u) = (½, 1). After the first write: G + Λ = diag(3/2, ½), u = (4/3, 2), c = (4/3, 0).
  const Scene x{M{{1, 1}, {0, 1}}, M::Constant(2, 1, std::log(0.5)), M::Ones(2, 1), M::Constant(2, 1, 0.5),
                M{{2, 2}, {1, 1}}};
  EXPECT_TRUE(agree(coefficients(x, {2, 1}), M{{0.5, 4.0 / 3}, {1, 0}}, 1e-15));
}

TEST(Mesa, GradientsByHand) {
  // p = L = 1: c = β k q/(β k² + λ). All 1: c = ½, dβ = λ/4 = ¼, dλ = −β/4 = −¼, dq = ½, dk = (λ − β)/4 = 0.
  const M one = M::Ones(1, 1);
  const Scene d = gradients({one, M::Zero(1, 1), one, one, one}, {}, one);
  EXPECT_NEAR(d.beta(0), 0.25, 1e-15);
  EXPECT_NEAR(d.lambda(0), -0.25, 1e-15);
  EXPECT_NEAR(d.Q(0), 0.5, 1e-15);
  EXPECT_NEAR(d.K(0), 0, 1e-15);
  EXPECT_EQ(d.log_alpha(0), 0);  // there is nothing before the first write
}

TEST(Mesa, IsTheRecurrenceOfItsState) {
  for_all([](const Scene& x, const After& after) {
    EXPECT_TRUE(agree(coefficients(x, after), answers(x, after, unit_values(x)), kRounding));
  });
}

TEST(Mesa, GradientsAreCentralDifferences) {
  for_all([](Scene x, const After& after) {
    const M dC = reference::normal(x.K.cols(), x.Q.cols(), 75);
    const Scene d = gradients(x, after, dC);
    expect_gradients(x, d, [&] { return coefficients(x, after).cwiseProduct(dC).sum(); });
  });
}

TEST(Mesa, GradientsWhereAWriteHasNoStrength) {
  // The recurrence, unlike the roots of the weights, knows β on either side of 0.
  for (const Index p : {2, 7})
    for (const double beta : {0.0, 1e-310, 1e-14}) {
      SCOPED_TRACE(fmt::format("p = {}, beta {}", p, beta));
      Scene x = scene({p, 5, 3});
      x.beta(1) = x.beta(4) = beta;
      const After after{5, 2, 4};
      const M dC = reference::normal(5, 3, 75);
      const Scene d = gradients(x, after, dC);
      EXPECT_GT(std::abs(d.beta(1)), 1e-3);
      expect_gradients(x, d, [&] { return answers(x, after, unit_values(x)).cwiseProduct(dC).sum(); });
    }
}

TEST(Mesa, GradientsOfLongKeysAreCentralDifferences) {
  // Writes that weigh a thousand times what the ridge does, and some less: either way to ds_t.
  for (const Index p : {3, 9}) {
    SCOPED_TRACE(fmt::format("p = {}", p));
    Scene x = scene({p, 5, 2});
    x.K *= 30;
    x.beta(0) = x.beta(3) = 1e-4;
    const M dC = reference::normal(5, 2, 75);
    for (const After& after : {After{}, After{5, 4}}) {
      const Scene d = gradients(x, after, dC);
      x.beta(0) = x.beta(3) = 1e-4;
      const auto f = [&] { return coefficients(x, after).cwiseProduct(dC).sum(); };
      expect_gradient(f, x.K, d.K, "keys");
      expect_gradient(f, x.lambda, d.lambda, "lambda");
      expect_gradient(f, x.log_alpha, d.log_alpha, "log alpha");
      for (const Index t : {0, 1, 2, 3, 4}) {  // steps small against β, compared each by itself
        const double beta = x.beta(t), step = 1e-5 * beta;
        x.beta(t) = beta + step;
        const double ahead = f();
        x.beta(t) = beta - step;
        const double behind = f();
        x.beta(t) = beta;
        // Of f ~ 1, to be had to 1e-13 at this condition, a step of 1e-5 tells the gradient by log β to 1e-8.
        EXPECT_NEAR(d.beta(t) * beta, (ahead - behind) / 2e-5, 1e-7 + 1e-6 * std::abs(d.beta(t) * beta));
      }
    }
  }
}

TEST(Mesa, WithoutDecayAndWithATinyRidgeIsLeastSquares) {
  for (const EpisodeSize& size : odd_sizes()) {
    SCOPED_TRACE(fmt::format("p = {}, L = {}, N = {}", size.p, size.L, size.N));
    const RecursiveLeastSquares<double> rls;
    Scene x = scene(size);
    x.log_alpha.setZero();
    x.beta.setOnes();
    x.lambda.setConstant(rls.ridge);
    MesaSystem kept;
    const M C = coefficients(x, {}, kept), dC = reference::normal(size.L, size.N, 75);
    const Scene d = backward(x, kept, dC);

    RecursiveLeastSquares<double>::Workspace work;
    M expected(size.L, size.N), dK(size.p, size.L), dQ = M::Zero(size.p, size.N);
    Writes<double> writes, dwrites;
    rls.coefficients(x.K, writes, x.Q, expected, work);
    rls.backward(0, x.K, writes, x.Q, expected, dC, work, dK, dwrites, dQ);
    // The condition of G or H is at most Σ‖k‖²/λ ~ 6e7, and gradients have the inverse twice.
    EXPECT_TRUE(agree(C, expected, 1e-8));
    EXPECT_TRUE(agree(d.K, dK, 1e-7));
    EXPECT_TRUE(agree(d.Q, dQ, 1e-8));
  }
}

TEST(Mesa, RepeatedLongKeysKeepTheirDigits) {
  // As least squares: keys of length 1e4, each written twice, against λ = 1e-6: the condition of G is 1e14, and its
  // Cholesky decomposition alone would lose all but two digits. Copies share an answer as their weights β do:
  // c_t = β_t/B, B the sum over copies, and so dβ_t = (dc_t − Σ c dc)/B. (λ adds 1e-14 of that.)
  for (const Index p : {4, 9}) {  // fewer features than writes, and more
    SCOPED_TRACE(fmt::format("p = {}", p));
    const Index L = p == 4 ? 7 : 6;
    Scene x{M::Zero(p, L), M::Zero(L, 1), M::Ones(L, 1), M::Constant(p, 1, 1e-6), 1e4 * M::Identity(p, 3)};
    for (Index t = 0; t < L; ++t) x.K(t % 3, t) = 1e4;
    x.beta.topRows(3).setConstant(0.25);
    if (p == 4) x.beta(6) = 1e-40;  // hardly written
    const M dC = reference::normal(L, 3, 75);
    M share = M::Zero(L, 3), dbeta(L, 1);
    for (Index t = 0; t < L; ++t) share(t, t % 3) = x.beta(t) / 1.25;
    for (Index t = 0; t < L; ++t) dbeta(t) = (dC(t, t % 3) - share.col(t % 3).dot(dC.col(t % 3))) / 1.25;
    for (const After& after : {After{}, After{L, L, 3}}) {
      const Index asked = after.empty() ? 3 : 2;
      M dC_asked = dC;
      dC_asked.rightCols(3 - asked).setZero();
      // Single precision, and the gradient has the inverse twice.
      EXPECT_TRUE(agree(coefficients(x, after).leftCols(asked), share.leftCols(asked), 1e-7));
      const M got = gradients(x, after, dC_asked).beta;
      for (Index t = 0; t < L; ++t) EXPECT_NEAR(got(t), t % 3 < asked ? dbeta(t) : 0, 1e-6) << "write " << t;
    }
  }
}

TEST(Mesa, AQueryAfterSomeWritesIsOneAtTheirEnd) {
  for_all([](const Scene& x, const After& after) {
    const Index L = x.K.cols();
    const M C = coefficients(x, after), dC = reference::normal(L, x.Q.cols(), 75);
    const Scene d = gradients(x, after, dC);
    Scene sum{M::Zero(x.K.rows(), L), M::Zero(L, 1), M::Zero(L, 1), M::Zero(x.K.rows(), 1), M::Zero(0, 0)};
    for (Index n = 0; n < x.Q.cols(); ++n) {
      const Index r = writes_seen(after, n, L);
      const Scene one = x.cut(r, n);
      EXPECT_TRUE(agree(C.col(n).head(r), coefficients(one, {}), kRounding));
      EXPECT_TRUE(C.col(n).tail(L - r).isZero(0));
      const Scene done = gradients(one, {}, dC.col(n).head(r));
      sum.K.leftCols(r) += done.K;
      sum.log_alpha.topRows(r) += done.log_alpha;
      sum.beta.topRows(r) += done.beta;
      sum.lambda += done.lambda;
      EXPECT_TRUE(agree(d.Q.col(n), done.Q, kRounding));
    }
    EXPECT_TRUE(agree(d.K, sum.K, kRounding));
    EXPECT_TRUE(agree(d.log_alpha, sum.log_alpha, kRounding));
    EXPECT_TRUE(agree(d.beta, sum.beta, kRounding));
    EXPECT_TRUE(agree(d.lambda, sum.lambda, kRounding));
  });
}

TEST(Mesa, GradientsAccumulateAndMayBeHadTwice) {
  const Scene x = scene({5, 7, 3});
  const After after{7, 2, 4};
  const M dC = reference::normal(7, 3, 75);
  MesaSystem kept;
  coefficients(x, after, kept);
  const Scene d = backward(x, kept, dC);
  Gates dgates{Vector<double>::Ones(7), Vector<double>::Ones(7), Vector<double>::Ones(5)};
  M dK = M::Ones(5, 7), dQ = M::Ones(5, 3);
  mesa_backward<double>(dC, kept, dK, dgates, dQ);
  EXPECT_EQ(dK, (d.K.array() + 1).matrix());
  EXPECT_EQ(dQ, (d.Q.array() + 1).matrix());
  EXPECT_EQ(dgates.log_alpha, (d.log_alpha.array() + 1).matrix());
  EXPECT_EQ(dgates.beta, (d.beta.array() + 1).matrix());
  EXPECT_EQ(dgates.lambda, (d.lambda.array() + 1).matrix());
}

TEST(Mesa, ASystemMayBeSolvedAgainForOtherSizes) {
  MesaSystem kept;
  for (const EpisodeSize& size : odd_sizes())
    for (const After& after : positions(size.L, size.N)) {
      const Scene x = scene(size);
      EXPECT_EQ(coefficients(x, after, kept), coefficients(x, after));
      const M dC = reference::normal(size.L, size.N, 75);
      EXPECT_EQ(backward(x, kept, dC).K, gradients(x, after, dC).K);
    }
}

TEST(Mesa, LongEpisodesOfStrongAndWeakDecay) {
  const Index L = 10000, p = 3;
  for (const double alpha : {1e-6, 1 - 1e-7, 0.99}) {
    SCOPED_TRACE(fmt::format("alpha {}", alpha));
    Scene x = scene({p, L, 3});
    x.log_alpha.setConstant(std::log(alpha));
    if (alpha == 0.99) x.log_alpha(7000) = x.log_alpha(7001) = std::log(1e-6);
    const After after{L, 7003, 2};
    const M V = reference::normal(2, L, 76);
    MesaSystem kept;
    const M C = coefficients(x, after, kept);
    EXPECT_TRUE(C.allFinite());
    // A product of 10⁴ decays, or a sum of as many terms, is rounded 10⁴ times: 1e-12, and answers are sums that cancel.
    EXPECT_TRUE(agree(V * C, answers(x, after, V), 1e-10));
    const M dC = V.transpose() * reference::normal(2, 3, 77);
    const Scene d = backward(x, kept, dC);
    EXPECT_TRUE(d.K.allFinite() && d.log_alpha.allFinite() && d.beta.allFinite() && d.lambda.allFinite() &&
                d.Q.allFinite());
    const auto f = [&] { return coefficients(x, after).cwiseProduct(dC).sum(); };
    expect_gradient(f, x.log_alpha, d.log_alpha, "log alpha");
    expect_gradient(f, x.beta, d.beta, "beta");
    expect_gradient(f, x.K, d.K, "keys");
  }
}

TEST(Mesa, ADecayOfZeroForgetsAllBefore) {
  Scene x = scene({5, 9, 2});
  x.log_alpha(4) = -std::numeric_limits<double>::infinity();
  const M C = coefficients(x, {9, 6}), dC = reference::normal(9, 2, 75);
  EXPECT_TRUE(C.topRows(4).isZero(0));
  const Scene later{x.K.rightCols(5), x.log_alpha.bottomRows(5), x.beta.bottomRows(5), x.lambda, x.Q};
  EXPECT_TRUE(agree(C.bottomRows(5), coefficients(later, {5, 2}), kRounding));
  const Scene d = gradients(x, {9, 6}, dC);
  EXPECT_TRUE(d.K.allFinite() && d.log_alpha.allFinite() && d.beta.allFinite());
  EXPECT_TRUE(d.K.leftCols(4).isZero(0));
}

TEST(Mesa, InSinglePrecisionRoundsOnlyWhatItIsGivenAndGives) {
  const Scene x = scene({5, 7, 4});
  const After after{7, 0, 3, 7};
  const M dC = reference::normal(7, 4, 75);
  const Scene d = gradients(x, after, dC);
  MesaSystem kept;
  Matrix<float> C(7, 4), dK = Matrix<float>::Zero(5, 7), dQ = Matrix<float>::Zero(5, 4);
  const MesaGates<float> gates{x.log_alpha.cast<float>(), x.beta.cast<float>(), x.lambda.cast<float>()};
  MesaGates<float> dgates{Vector<float>::Zero(7), Vector<float>::Zero(7), Vector<float>::Zero(5)};
  mesa_coefficients<float>(x.K.cast<float>(), gates, x.Q.cast<float>(), after, C, kept);
  mesa_backward<float>(dC.cast<float>(), kept, dK, dgates, dQ);
  // Inputs rounded to 6e-8, at a condition of some tens.
  EXPECT_TRUE(agree(C, coefficients(x, after), 3e-6));
  EXPECT_TRUE(agree(dK, d.K, 3e-6));
  EXPECT_TRUE(agree(dgates.log_alpha, d.log_alpha, 3e-6));
  EXPECT_TRUE(agree(dgates.beta, d.beta, 3e-6));
  EXPECT_TRUE(agree(dgates.lambda, d.lambda, 3e-6));
  EXPECT_TRUE(agree(dQ, d.Q, 3e-6));
}

}  // namespace
}  // namespace palimpsest
