// Least squares where normal equations lose their digits: long keys, repeated keys, more and fewer writes than
// features. The reference knows which keys are repeated: n copies of a key are one of length √n, and what tells copies
// apart meets λ alone.
#include "palimpsest/rule/rls.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <vector>

#include "reference/agree.hpp"
#include "reference/dense.hpp"
#include "reference/linear_algebra.hpp"
#include "reference/random.hpp"

namespace palimpsest {
namespace {

using reference::agree;
using M = Matrix<double>;

constexpr double kRidge = 1e-6;

/// c = (KᵀK + λI)⁻¹ Kᵀq, u = (q − K c)/λ, r = K (KᵀK + λI)⁻¹ dc and rest = dc − Kᵀr for keys of which key t is
/// distinct[g(t)].
struct Exact {
  M c, u, r, rest;
};

Exact exact(const M& K, const std::vector<Index>& group, const M& Q, const M& dC) {
  const Index p = K.rows(), L = K.cols(), D = 1 + *std::ranges::max_element(group);
  M copies = M::Zero(L, D);
  for (Index t = 0; t < L; ++t) copies(t, group[static_cast<std::size_t>(t)]) = 1;
  for (Index i = 0; i < D; ++i) copies.col(i).normalize();  // 1/√n
  const M distinct = K * copies, d = copies.transpose() * dC;
  if (D < p) {
    const M H = distinct.transpose() * distinct + kRidge * M::Identity(D, D);
    const M b = reference::solve(H, distinct.transpose() * Q), e = reference::solve(H, d);
    return {copies * b, (Q - distinct * b) / kRidge, distinct * e, kRidge * copies * e + (dC - copies * d)};
  }
  const M G = distinct * distinct.transpose() + kRidge * M::Identity(p, p);
  const M u = reference::solve(G, Q), r = reference::solve(G, distinct * d);
  return {copies * (distinct.transpose() * u), u, r, dC - K.transpose() * r};
}

M solved(const M& K, const M& Q, double ridge = kRidge) {
  LeastSquares system;
  M C;
  system.solve(K, Q, ridge, C);
  return C;
}

struct Size {
  Index p, L, N;
};
constexpr Size kSizes[] = {{1, 1, 1}, {5, 3, 2}, {5, 5, 1}, {5, 9, 3}, {40, 21, 1}, {33, 70, 3}, {31, 32, 2}};

/// p×L keys of this length, of which the last third may repeat the first.
M keys(const Size& size, double length, bool repeated, std::vector<Index>& group) {
  M K = length * reference::normal(size.p, size.L, 80).colwise().normalized();
  group.resize(static_cast<std::size_t>(size.L));
  std::iota(group.begin(), group.end(), 0);
  for (Index t = 0; repeated && t < size.L / 3; ++t) {
    K.col(size.L - 1 - t) = K.col(t);
    group[static_cast<std::size_t>(size.L - 1 - t)] = t;
  }
  return K;
}

/// Keys rounded to double change the answer by as much where a key is repeated: an error e of a copy, against λ,
/// e‖q‖/λ.
double conditioning(double length, bool repeated) { return repeated ? 1e-15 * length * length / kRidge : 0; }

void for_all(const std::function<void(const M& K, const M& Q, const M& dC, const Exact&, double conditioning)>& f) {
  for (const Size& size : kSizes)
    for (const double length : {1e-3, 1.0, 300.0, 1e5})
      for (const bool repeated : {false, true}) {
        SCOPED_TRACE(fmt::format("p = {}, L = {}, length {}, repeated {}", size.p, size.L, length, repeated));
        std::vector<Index> group;
        const M K = keys(size, length, repeated, group);
        const M Q = length * reference::normal(size.p, size.N, 81).colwise().normalized();
        const M dC = reference::normal(size.L, size.N, 82);
        f(K, Q, dC, exact(K, group, Q, dC), conditioning(length, repeated));
      }
}

TEST(LeastSquares, CoefficientsAreRightWhateverTheLengthOfKeys) {
  for_all([](const M& K, const M& Q, const M&, const Exact& exact, double conditioning) {
    const M C = solved(K, Q);
    EXPECT_TRUE(C.allFinite());
    // Single precision rounds to 6e-8.
    EXPECT_TRUE(conditioning > 1 || agree(C, exact.c, 1e-7 + conditioning)) << agree(C, exact.c, 1e-7).message();
  });
}

TEST(LeastSquares, GradientsAreRightWhateverTheLengthOfKeys) {
  for_all([](const M& K, const M& Q, const M& dC, const Exact& exact, double conditioning) {
    LeastSquares system;
    M C, dK, dQ;
    system.solve(K, Q, kRidge, C);
    system.backward(dC, dK, dQ);
    EXPECT_TRUE(dK.allFinite() && dQ.allFinite());
    if (conditioning > 1) return;
    EXPECT_TRUE(agree(dQ, exact.r, 1e-6 + conditioning));
    const M expected = exact.u * exact.rest.transpose() - exact.r * exact.c.transpose();
    const double parts = exact.u.norm() * exact.rest.norm() + exact.r.norm() * exact.c.norm();  // they may cancel
    EXPECT_LE((dK - expected).cwiseAbs().maxCoeff(),
              (1e-6 + conditioning) * expected.cwiseAbs().maxCoeff() + 1e-9 * parts);
  });
}

TEST(LeastSquares, OrthogonalKeysThatRepeatShareAnAnswerEqually) {
  // Key i written n_i times: c = ‖k‖²/(n_i ‖k‖² + λ) for each, of a query that is the key.
  for (const double length : {1.0, 300.0, 1e5})
    for (const Index p : {3, 9}) {  // L = 6: more writes than features, and fewer
      M K = M::Zero(p, 6);
      const int key_of[] = {0, 1, 0, 2, 0, 1}, times[] = {3, 2, 1};
      for (Index t = 0; t < 6; ++t) K(key_of[t], t) = length;
      const M Q = length * M::Identity(p, 3);
      M share = M::Zero(6, 3);
      for (Index t = 0; t < 6; ++t)
        share(t, key_of[t]) = length * length / (times[key_of[t]] * length * length + kRidge);
      EXPECT_TRUE(agree(solved(K, Q), share, 1e-7)) << "length " << length << ", p = " << p;
    }
}

TEST(LeastSquares, GradientsAreCentralDifferences) {
  for (const auto& [p, L, N] : {Size{5, 3, 2}, {5, 9, 3}, {4, 4, 1}})
    for (const bool long_keys : {false, true}) {  // either decomposition
      SCOPED_TRACE(fmt::format("p = {}, L = {}, long {}", p, L, long_keys));
      const double length = long_keys ? 300 : 1, ridge = long_keys ? 1e-4 : 0.1;
      std::vector<Index> group;
      M K = keys({p, L, N}, length, true, group), Q = length * reference::normal(p, N, 81);
      const M dC = reference::normal(L, N, 82);
      LeastSquares system;
      M C, dK, dQ;
      system.solve(K, Q, ridge, C);
      system.backward(dC, dK, dQ);
      const auto f = [&] { return solved(K, Q, ridge).cwiseProduct(dC).sum(); };
      EXPECT_TRUE(agree(dQ, reference::central_differences(f, Q, 1e-4 * length), 1e-6));
      if (long_keys)
        continue;  // repeated keys are told apart by √λ: a step must be far below it, and is lost in rounding
      EXPECT_TRUE(agree(dK, reference::central_differences(f, K), 1e-6));
    }
}

}  // namespace
}  // namespace palimpsest
