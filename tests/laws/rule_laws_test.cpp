#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "palimpsest/rule/all.hpp"
#include "reference/agree.hpp"
#include "reference/dense.hpp"
#include "reference/kernels.hpp"
#include "reference/random.hpp"

namespace palimpsest {
namespace {

using reference::agree;
using reference::PoisonedWindow;
using M = Matrix<double>;
using RuleVariant = Rules<double>::Variant;
using Workspaces = WorkspacesOf<Rules<double>>::type;

struct Size {
  Index p, L, N;
};
// 67 queries are more than the engine carries at a time.
constexpr Size kSizes[] = {{1, 1, 1}, {5, 1, 3}, {5, 7, 1}, {5, 7, 4}, {63, 5, 1}, {3, 63, 2}, {5, 6, 67}};

/// Gates strictly within their ranges, ρ of any size.
Writes<double> writes(Index L, double largest_strength) {
  const auto uniform = [&](std::uint64_t number) {
    Stream stream(8, Purpose::test, number);
    Vector<double> x(L);
    for (double& entry : x) entry = 0.1 + 0.8 * stream.uniform<double>();
    return x;
  };
  return {largest_strength * uniform(36), uniform(37), 0.4 + uniform(38).array()};
}

// What a rule has, whichever it is: a law is compiled once, not once a rule.

/// Names of the rules with coefficients; the others are tested through the memory.
std::vector<std::string> linear_rules() {
  std::vector<std::string> all;
  Rules<double>::for_each([&]<class R>() {
    if (!StateRule<R>) all.emplace_back(R::name);
  });
  return all;
}

/// A rule as the dense reference has it.
RuleVariant make_rule(const std::string& name) {
  std::optional<RuleVariant> made;
  Rules<double>::for_each([&]<class R>() {
    if (R::name != name) return;
    if constexpr (TakesArgument<R>) {
      made = R(2);
    } else {
      R rule;
      if constexpr (requires { rule.ridge; }) rule.ridge = reference::kRidge;
      made = rule;
    }
  });
  return *made;
}

struct Traits {
  bool separable, uses_strength, uses_decay, retrieves, knows_order;
  double largest_strength;
};

Traits traits(const RuleVariant& rule) {
  return std::visit(
      []<class R>(const R&) -> Traits {
        return {R::separable, R::uses_strength, R::uses_decay, R::retrieves, R::knows_order, R::largest_strength};
      },
      rule);
}

/// Whether it is a recurrence of one step a write.
bool has_step(const RuleVariant& rule) {
  return std::visit(
      []<class R>(const R&) {
        return requires(Write<double> write) { R::step(write); };
      },
      rule);
}

/// Whether its gradient may go through the division of keys.
bool undivides(const RuleVariant& rule) {
  return std::visit(
      []<class R>(const R&) {
        return requires { R::undivides; };
      },
      rule);
}

bool separable(const RuleVariant& rule) { return traits(rule).separable; }

/// (a, e, w) of a write by a rule that is a recurrence.
std::optional<WriteStep<double>> step(const RuleVariant& rule, const Write<double>& write) {
  return std::visit(
      [&]<class R>(const R&) -> std::optional<WriteStep<double>> {
        if constexpr (requires { R::step(write); }) return R::step(write);
        return std::nullopt;
      },
      rule);
}

void coefficients(const RuleVariant& rule, ConstMatrixView<double> K, const Writes<double>& writes,
                  ConstMatrixView<double> Q, MatrixView<double> C, Workspaces& work) {
  std::visit(
      [&]<class R>(const R& r) {
        if constexpr (!StateRule<R>) r.coefficients(K, writes, Q, C, std::get<typename R::Workspace>(work));
      },
      rule);
}

void backward(const RuleVariant& rule, ConstMatrixView<double> K, const Writes<double>& writes,
              ConstMatrixView<double> Q, ConstMatrixView<double> C, ConstMatrixView<double> dC, Workspaces& work,
              MatrixView<double> dK, Writes<double>& dwrites, MatrixView<double> dQ) {
  std::visit(
      [&]<class R>(const R& r) {
        if constexpr (!StateRule<R>)
          r.backward(0, K, writes, Q, C, dC, std::get<typename R::Workspace>(work), dK, dwrites, dQ);
      },
      rule);
}

/// The same of keys that were divided, by a rule that doesn't leave that to others.
void backward(const RuleVariant& rule, const M& K, const Writes<double>& writes, const M& Q, const M& dC,
              const Division<double>& division, M& dK) {
  std::visit(
      [&]<class R>(const R& r) {
        if constexpr (requires { R::undivides; }) {
          typename R::Workspace work;
          M C(dC.rows(), dC.cols()), dQ = M::Zero(Q.rows(), Q.cols());
          r.coefficients(K, writes, Q, C, work);
          Writes<double> dwrites;
          dwrites.set_constant(K.cols(), 0);
          r.backward(0, K, writes, Q, C, dC, work, dK, dwrites, dQ, division);
        }
      },
      rule);
}

/// C: L×N, in a window and a workspace of its own.
M coefficients(const RuleVariant& rule, const M& K, const Writes<double>& writes, const M& Q) {
  PoisonedWindow<double> C(K.cols(), Q.cols());
  Workspaces work;
  coefficients(rule, K, writes, Q, C.view(), work);
  EXPECT_TRUE(C.in_bounds());
  return C.value();
}

/// Laws of the rule of a name.
class RuleLaws : public testing::TestWithParam<std::string> {
 protected:
  const RuleVariant rule = make_rule(GetParam());
  const Traits is = traits(rule);

  void for_all(const std::function<void(const M& K, const Writes<double>&, const M& Q)>& f) const {
    for (const auto& [p, L, N] : kSizes) {
      SCOPED_TRACE(fmt::format("p = {}, L = {}, N = {}", p, L, N));
      f(0.4 * reference::normal(p, L, 30), writes(L, is.largest_strength), reference::normal(p, N, 31));
    }
  }
};

// A law that no rule fell under would be skipped for all of them, and say nothing.
TEST(RuleLawsOfSome, ApplyToARuleEach) {
  const std::pair<const char*, bool (*)(const RuleVariant&)> conditions[] = {
      {"step", has_step}, {"undivides", undivides}, {"separable", separable}};
  for (const auto& [what, holds] : conditions) {
    const auto names = linear_rules();
    const auto applies =
        std::ranges::count_if(names, [holds = holds](const std::string& name) { return holds(make_rule(name)); });
    EXPECT_GE(applies, 1) << what;
    EXPECT_LT(applies, std::ssize(names)) << what << ": a law of all needs no condition";
  }
}

INSTANTIATE_TEST_SUITE_P(, RuleLaws, testing::ValuesIn(linear_rules()), reference::test_name);

TEST_P(RuleLaws, MeetsTheConcept) {
  Rules<double>::for_each([]<class R>() { static_assert(StateRule<R> || Rule<R, double>); });
}

TEST_P(RuleLaws, TheQuerySideIsTheStateSide) {
  for_all([&](const M& K, const Writes<double>& drawn, const M& Q) {
    Writes<double> writes = drawn;
    writes.retrieval.setOnes();  // the state's side knows no other without an accumulator
    const M V = reference::normal(4, K.cols(), 32);
    reference::State state(GetParam(), "none", V.rows(), K.rows());
    for (Index t = 0; t < K.cols(); ++t) {
      state.write(K.col(t), V.col(t), writes.beta(t), writes.alpha(t));
      // A query after write t sees the first t + 1 writes.
      const M C = coefficients(rule, K.leftCols(t + 1), writes, Q);
      M Y(V.rows(), Q.cols());
      for (Index n = 0; n < Q.cols(); ++n) Y.col(n) = state.read(Q.col(n));
      EXPECT_TRUE(agree(V.leftCols(t + 1) * C, Y, 1e-11));  // rounding of L·p terms, a solve for rls
    }
  });
}

// W_t = a W_{t−1} + b_t k_tᵀ with b_t = w_t v_t − e_t W_{t−1} k_t is a triangular system for B = [b_1 … b_L]:
//   B (I + M) = V D ,  M_{s,t} = e_t γ(s, t−1) k_s·k_t for s < t ,  γ(s, r) = a_{s+1} … a_r ,  D = diag(w) ,
// and y = B Γ KᵀQ with Γ = diag(γ(s, L)).
TEST_P(RuleLaws, ARecurrenceIsATriangularSolve) {
  if (!has_step(rule)) GTEST_SKIP() << "it is no recurrence of one step a write";
  for_all([&](const M& K, const Writes<double>& writes, const M& Q) {
    const Index L = K.cols();
    std::vector<WriteStep<double>> steps;
    for (Index t = 0; t < L; ++t) {
      steps.push_back(
          step(rule, {writes.beta(t), writes.alpha(t), writes.retrieval(t), K.col(t).squaredNorm()}).value());
    }
    const auto gamma = [&](Index s, Index r) {
      double product = 1;
      for (Index i = s + 1; i <= r; ++i) product *= steps[static_cast<std::size_t>(i)].decay;
      return product;
    };
    M X = K.transpose() * Q;
    for (Index t = 0; t < L; ++t) X.row(t) *= gamma(t, L - 1);
    for (Index t = L - 1; t >= 0; --t)  // (I + M)⁻¹
      for (Index s = 0; s < t; ++s)
        X.row(s) -= steps[static_cast<std::size_t>(t)].erase * gamma(s, t - 1) * K.col(s).dot(K.col(t)) * X.row(t);
    for (Index t = 0; t < L; ++t) X.row(t) *= steps[static_cast<std::size_t>(t)].write;
    EXPECT_TRUE(agree(coefficients(rule, K, writes, Q), X, 1e-11));  // rounding of L² terms
  });
}

TEST_P(RuleLaws, OneQueryIsAnsweredAsAmongMany) {
  for_all([&](const M& K, const Writes<double>& writes, const M& Q) {
    const M together = coefficients(rule, K, writes, Q);
    for (Index n = 0; n < Q.cols(); ++n)
      EXPECT_TRUE(agree(coefficients(rule, K, writes, Q.col(n)), together.col(n), 1e-12));
  });
}

TEST_P(RuleLaws, BackwardIsTheGradient) {
  for_all([&](const M& keys, const Writes<double>& gates, const M& queries) {
    M K = keys, Q = queries;
    Writes<double> writes = gates;
    const M weights = reference::normal(K.cols(), Q.cols(), 33);
    const M dQ_before = reference::normal(Q.rows(), Q.cols(), 34);
    Workspaces work;
    M C(K.cols(), Q.cols());
    coefficients(rule, K, writes, Q, C, work);
    PoisonedWindow<double> dK(K.rows(), K.cols()), dQ(Q.rows(), Q.cols());
    dQ.view() = dQ_before;
    Writes<double> dwrites;
    dwrites.set_constant(K.cols(), 10);  // accumulates
    backward(rule, K, writes, Q, C, weights, work, dK.view(), dwrites, dQ.view());
    EXPECT_TRUE(dK.in_bounds() && dQ.in_bounds());
    const auto f = [&] { return coefficients(rule, K, writes, Q).cwiseProduct(weights).sum(); };
    // Rounding of a sum of L·N terms over h.
    EXPECT_TRUE(agree(dK.value(), reference::central_differences(f, K), 1e-8));
    EXPECT_TRUE(agree(dQ.value() - dQ_before, reference::central_differences(f, Q), 1e-8));
    for (const auto gate : {&Writes<double>::beta, &Writes<double>::alpha, &Writes<double>::retrieval}) {
      M at = writes.*gate;
      const M here = at;
      const M expected = reference::central_differences(
          [&] {
            writes.*gate = at.col(0);
            return f();
          },
          at);
      writes.*gate = here.col(0);
      const M actual = (dwrites.*gate).array() - 10;
      EXPECT_TRUE(agree(actual, expected, 1e-8) || (actual - expected).cwiseAbs().maxCoeff() < 1e-9)
          << agree(actual, expected, 1e-8).message();
    }
  });
}

// As BackwardIsTheGradient, of keys φ/Σφ and φ/‖φ‖ and by φ.
TEST_P(RuleLaws, AGradientMayGoThroughTheDivisionOfKeys) {
  if (!undivides(rule)) GTEST_SKIP() << "it leaves the division to others";
  const auto by_sum = [](const M& phi, Index t) { return 1 / phi.col(t).sum(); };
  const auto by_norm = [](const M& phi, Index t) { return 1 / phi.col(t).norm(); };
  for_all([&](const M& keys, const Writes<double>& writes, const M& Q) {
    const M dC = reference::normal(keys.cols(), Q.cols(), 33);
    const auto agrees = [&](const auto& scale_of, double ones, double own) {
      M phi = keys.array().abs() + 0.1;
      Vector<double> scale(phi.cols());
      const auto divided = [&] {
        M K(phi.rows(), phi.cols());
        for (Index t = 0; t < phi.cols(); ++t) K.col(t) = (scale(t) = scale_of(phi, t)) * phi.col(t);
        return K;
      };
      M dphi(phi.rows(), phi.cols());
      const M K = divided();
      backward(rule, K, writes, Q, dC, {&scale, ones, own}, dphi);
      const M expected = reference::central_differences(
          [&] { return coefficients(rule, divided(), writes, Q).cwiseProduct(dC).sum(); }, phi);
      EXPECT_TRUE(agree(dphi, expected, 1e-8) || (dphi - expected).cwiseAbs().maxCoeff() < 1e-8)
          << agree(dphi, expected, 1e-8).message();
    };
    agrees(by_sum, 1, 0);
    agrees(by_norm, 0, 1);
  });
}

TEST_P(RuleLaws, ARuleUsesTheGatesThatItSaysItUses) {
  for_all([&](const M& K, const Writes<double>& writes, const M& Q) {
    const M before = coefficients(rule, K, writes, Q);
    const auto changes = [&](Vector<double> Writes<double>::*gate) {
      Writes<double> other = writes;
      other.*gate *= 0.5;
      return coefficients(rule, K, other, Q) != before;
    };
    EXPECT_EQ(changes(&Writes<double>::beta), is.uses_strength);
    const bool later = K.cols() > 1;  // before the first write there is nothing to keep or retrieve
    EXPECT_EQ(changes(&Writes<double>::alpha), later && is.uses_decay);
    EXPECT_EQ(changes(&Writes<double>::retrieval), later && is.retrieves);
  });
}

TEST_P(RuleLaws, OnlyARuleThatKnowsTheOrderDependsOnIt) {
  const M K = 0.4 * reference::normal(5, 2, 30), Q = reference::normal(5, 3, 31), swapped = K.rowwise().reverse();
  Writes<double> writes = palimpsest::writes(2, 1);
  writes.beta.setConstant(0.7);
  writes.alpha.setConstant(0.6);
  writes.retrieval.setOnes();
  const M back = coefficients(rule, swapped, writes, Q).colwise().reverse();
  EXPECT_NE(agree(back, coefficients(rule, K, writes, Q), 1e-12), is.knows_order);
}

TEST_P(RuleLaws, ASeparableRuleMayBeAppliedByBlocks) {
  if (!is.separable) GTEST_SKIP() << "its writes are not apart from each other";
  for_all([&](const M& K, const Writes<double>& writes, const M& Q) {
    const M dC = reference::normal(K.cols(), Q.cols(), 35), C = coefficients(rule, K, writes, Q);
    Workspaces work;
    Writes<double> dwrites;
    M dK(K.rows(), K.cols()), dQ = M::Zero(Q.rows(), Q.cols());
    backward(rule, K, writes, Q, C, dC, work, dK, dwrites, dQ);
    M C_blocks(C.rows(), C.cols()), dK_blocks(K.rows(), K.cols()), dQ_blocks = M::Zero(Q.rows(), Q.cols());
    for (Index first = 0; first < K.cols(); first += 2) {
      const Index count = std::min<Index>(2, K.cols() - first);
      const auto K_block = K.middleCols(first, count);
      coefficients(rule, K_block, writes, Q, C_blocks.middleRows(first, count), work);
      backward(rule, K_block, writes, Q, C.middleRows(first, count), dC.middleRows(first, count), work,
               dK_blocks.middleCols(first, count), dwrites, dQ_blocks);
    }
    // The order of sums changes, nothing else.
    EXPECT_TRUE(agree(C_blocks, C, 1e-13));
    EXPECT_TRUE(agree(dK_blocks, dK, 1e-13));
    EXPECT_TRUE(agree(dQ_blocks, dQ, 1e-13));
  });
}

// What the rules are to each other.

class RuleRelations : public testing::TestWithParam<int> {
 protected:
  const Index L = 9, p = 12;
  const M K = reference::normal(p, L, 40).colwise().normalized();
  const M Q = reference::normal(p, GetParam(), 41);  // one query and many have a path each
  Writes<double> gates = writes(L, 1);

  /// Orthonormal keys, by Gram and Schmidt; a second pass removes what rounding left.
  M orthonormal() const {
    M keys = K;
    for (Index t = 0; t < L; ++t) {
      for (Index s = 0; s < 2 * t; ++s) keys.col(t) -= keys.col(s % t).dot(keys.col(t)) * keys.col(s % t);
      keys.col(t).normalize();
    }
    return keys;
  }
};

INSTANTIATE_TEST_SUITE_P(Queries, RuleRelations, testing::Values(1, 3));

TEST_P(RuleRelations, DeltaOfFullStrengthRecallsTheLastWriteExactly) {
  gates.beta.setOnes();
  gates.retrieval.setOnes();
  const M C = coefficients(DeltaRule<double>(), K, gates, K.rightCols(1).replicate(1, GetParam()));
  for (Index n = 0; n < C.cols(); ++n) EXPECT_TRUE(agree(C.col(n), Vector<double>::Unit(L, L - 1), 1e-14));
}

TEST_P(RuleRelations, OrthonormalKeysRecallAll) {
  gates.beta.setOnes();
  gates.retrieval.setOnes();
  const M keys = orthonormal();
  EXPECT_TRUE(agree(coefficients(SumRule<double>(), keys, gates, keys), M::Identity(L, L), 1e-13));
  EXPECT_TRUE(agree(coefficients(DeltaRule<double>(), keys, gates, keys), M::Identity(L, L), 1e-13));
  gates.alpha.setOnes();
  EXPECT_TRUE(agree(coefficients(GatedDeltaRule<double>(), keys, gates, keys), M::Identity(L, L), 1e-13));
  // Longhorn's step is β/(1 + β) at unit length: half at β = 1.
  EXPECT_TRUE(agree(coefficients(LonghornRule<double>(), keys, gates, keys), 0.5 * M::Identity(L, L), 1e-13));
}

TEST_P(RuleRelations, LeastSquaresRecallsAsManyDistinctKeysAsThereAreFeatures) {
  const M keys = reference::normal(p, p, 42);
  // λ = 1e-6 against the least eigenvalue of K Kᵀ, some 0.01.
  EXPECT_TRUE(agree(coefficients(RecursiveLeastSquares<double>(), keys, gates, keys), M::Identity(p, p), 1e-3));
}

TEST_P(RuleRelations, GatedDeltaWithoutDecayIsDelta) {
  gates.alpha.setOnes();
  EXPECT_EQ(coefficients(GatedDeltaRule<double>(), K, gates, Q), coefficients(DeltaRule<double>(), K, gates, Q));
}

TEST_P(RuleRelations, DecayOfOneIsSum) {
  gates.alpha.setOnes();
  EXPECT_TRUE(
      agree(coefficients(DecayRule<double>(), K, gates, Q), coefficients(SumRule<double>(), K, gates, Q), 1e-14));
}

TEST_P(RuleRelations, DeltaProductOfOneIsDelta) {
  EXPECT_EQ(coefficients(DeltaProductRule<double>(1), K, gates, Q), coefficients(DeltaRule<double>(), K, gates, Q));
}

}  // namespace
}  // namespace palimpsest
