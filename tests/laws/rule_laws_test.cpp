#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "laws/rules.hpp"
#include "reference/agree.hpp"
#include "reference/kernels.hpp"
#include "reference/random.hpp"

namespace palimpsest {
namespace {

using namespace laws;
using reference::agree;
using reference::PoisonedWindow;

struct Size {
  Index p, L, N;
};
// 67 queries are more than the engine carries at a time.
constexpr Size kSizes[] = {{1, 1, 1}, {5, 1, 3}, {5, 7, 1}, {5, 7, 4}, {63, 5, 1}, {3, 63, 2}, {5, 6, 67}};

bool separable(const RuleVariant& rule) { return traits(rule).separable; }

/// Laws of the rule of a name.
class RuleLaws : public testing::TestWithParam<std::string> {
 protected:
  const RuleVariant rule = make_rule(GetParam());
  const Traits is = traits(rule);

  void for_all(const std::function<void(const M& K, const Writes<double>&, const M& Q)>& f) const {
    for (const auto& [p, L, N] : kSizes) {
      SCOPED_TRACE(fmt::format("p = {}, L = {}, N = {}", p, L, N));
      f(0.4 * reference::normal(p, L, 30), writes(is, p, L), reference::normal(p, N, 31));
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
  Rules<double>::for_each([]<class R>() {
    static_assert(StateRule<R> || Rule<R, double> || RuleWithPositions<R, double> || RuleOfFactors<R, double>);
  });
}

TEST_P(RuleLaws, TheQuerySideIsTheStateSide) {
  for_all([&](const M& K, const Writes<double>& drawn, const M& Q) {
    Writes<double> writes = drawn;
    writes.retrieval.setOnes();  // the state's side knows no other without an accumulator
    const M V = reference::normal(4, K.cols(), 32);
    reference::State state(GetParam(), "none", V.rows(), K.rows());
    for (Index t = 0; t < K.cols(); ++t) {
      state.write(K.col(t), V.col(t), gates_of(is, writes, t));
      // A query after write t sees the first t + 1 writes.
      const M C = coefficients(rule, K.leftCols(t + 1), first(is, writes, t + 1), Q);
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
    for (Index t = 0; t < L; ++t) steps.push_back(step(rule, K, writes, t).value());
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

// What a recurrence does write by write, the engine does from its factors, for queries after any write.
TEST_P(RuleLaws, FactorsAnswerAsTheRuleDoes) {
  const auto has_both = std::visit([]<class R>(const R&) { return Rule<R, double> && RuleOfFactors<R, double>; }, rule);
  if (!has_both) GTEST_SKIP() << "it has one way to answer";
  for_all([&](const M& K, const Writes<double>& writes, const M& Q) {
    const M dC = reference::normal(K.cols(), Q.cols(), 33);
    M C(K.cols(), Q.cols()), dK(K.rows(), K.cols()), dQ = M::Zero(Q.rows(), Q.cols()), dK_engine = dK, dQ_engine = dQ;
    Workspaces work;
    Writes<double> dwrites, dwrites_engine;
    dwrites.clear_like(writes);
    dwrites_engine.clear_like(writes);
    coefficients(rule, K, writes, Q, C, work);
    backward(rule, K, writes, Q, C, dC, work, dK, dwrites, dQ);
    std::visit(
        [&]<class R>(const R& r) {
          if constexpr (Rule<R, double> && RuleOfFactors<R, double>) {
            M C_engine(C.rows(), C.cols());
            r.factors(K, writes, work.factors);
            work.many.coefficients(work.factors, Q, {}, C_engine, work.kept, 4);
            EXPECT_TRUE(agree(C_engine, C, 1e-11));  // rounding of L·p terms
            Factors<double> d = zero_like(work.factors);
            work.many.coefficients_backward(work.factors, dC, work.kept, d, dQ_engine);
            dK_engine.setZero();
            r.factors_backward(K, writes, d, dK_engine, dwrites_engine);
          }
        },
        rule);
    EXPECT_TRUE(agree(dK_engine, dK, 1e-10));
    EXPECT_TRUE(agree(dQ_engine, dQ, 1e-10));
    const auto near = [](const M& a, const M& b) { return agree(a, b, 1e-9) || (a - b).cwiseAbs().maxCoeff() < 1e-13; };
    for (std::size_t i = 0; i < is.gates.size(); ++i)
      EXPECT_TRUE(near(dwrites_engine.gates[i], dwrites.gates[i])) << is.gates[i].name;
    EXPECT_TRUE(near(dwrites_engine.retrieval, dwrites.retrieval));
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
    dwrites.clear_like(writes);
    for (auto& gate : dwrites.gates) gate.setConstant(10);  // accumulates
    dwrites.retrieval.setConstant(10);
    backward(rule, K, writes, Q, C, weights, work, dK.view(), dwrites, dQ.view());
    EXPECT_TRUE(dK.in_bounds() && dQ.in_bounds());
    const auto f = [&] { return coefficients(rule, K, writes, Q).cwiseProduct(weights).sum(); };
    // Rounding of a sum of L·N terms over h.
    EXPECT_TRUE(agree(dK.value(), reference::central_differences(f, K), 1e-8));
    EXPECT_TRUE(agree(dQ.value() - dQ_before, reference::central_differences(f, Q), 1e-8));
    const auto expect_gradient = [&](M& at, const M& with_ten, std::string_view name) {
      const M expected = reference::central_differences(f, at), actual = with_ten.array() - 10;
      EXPECT_TRUE(agree(actual, expected, 1e-8) || (actual - expected).cwiseAbs().maxCoeff() < 1e-9)
          << name << ": " << agree(actual, expected, 1e-8).message();
    };
    for (std::size_t i = 0; i < is.gates.size(); ++i)
      expect_gradient(writes.gates[i], dwrites.gates[i], is.gates[i].name);
    M retrieval = writes.retrieval;
    const auto g = [&] {
      writes.retrieval = retrieval;
      return f();
    };
    const M expected = reference::central_differences(g, retrieval), actual = dwrites.retrieval.array() - 10;
    EXPECT_TRUE(agree(actual, expected, 1e-8) || (actual - expected).cwiseAbs().maxCoeff() < 1e-9);
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
  std::vector<bool> used(is.gates.size());
  for_all([&](const M& K, const Writes<double>& writes, const M& Q) {
    const M before = coefficients(rule, K, writes, Q);
    for (std::size_t i = 0; i < is.gates.size(); ++i) {
      Writes<double> other = writes;
      other.gates[i].topRows(1) *= 0.5;
      if (coefficients(rule, K, other, Q) != before) used[i] = true;
    }
    Writes<double> other = writes;
    other.retrieval *= 0.5;
    // Before the first write there is nothing to retrieve.
    EXPECT_EQ(coefficients(rule, K, other, Q) != before, K.cols() > 1 && is.retrieves);
  });
  for (std::size_t i = 0; i < is.gates.size(); ++i) EXPECT_TRUE(used[i]) << is.gates[i].name;
}

// A model starts each gate with random numbers of its own.
TEST_P(RuleLaws, GatesHaveNamesAndStreamsOfTheirOwn) {
  std::set<std::string_view> names;
  std::set<std::uint64_t> streams;
  for (const Gate& gate : is.gates) {
    EXPECT_TRUE(names.insert(gate.name).second) << gate.name;
    EXPECT_FALSE(gate.meaning.empty()) << gate.name;
    if (!gate.constant) {
      EXPECT_TRUE(streams.insert(gate.stream).second) << gate.name;
    }
  }
}

TEST_P(RuleLaws, OnlyARuleThatKnowsTheOrderDependsOnIt) {
  const M K = 0.4 * reference::normal(5, 2, 30), Q = reference::normal(5, 3, 31), swapped = K.rowwise().reverse();
  Writes<double> writes = laws::writes(is, 5, 2);
  for (auto& gate : writes.gates) gate.colwise() = Vector<double>(gate.col(0));
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
    dwrites.clear_like(writes);
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

}  // namespace
}  // namespace palimpsest
