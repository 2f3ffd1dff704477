#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "palimpsest/engine/one_query.hpp"
#include "palimpsest/engine/query_side.hpp"
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

/// Of every rule, and of the engine for those that say no more than their factors.
struct Workspaces {
  WorkspacesOf<Rules<double>>::type rules;
  Factors<double> factors;
  engine::OneQuery<double> one;
  engine::QuerySide<double> many;
  engine::QuerySide<double>::Kept kept;
};

struct Size {
  Index p, L, N;
};
// 67 queries are more than the engine carries at a time.
constexpr Size kSizes[] = {{1, 1, 1}, {5, 1, 3}, {5, 7, 1}, {5, 7, 4}, {63, 5, 1}, {3, 63, 2}, {5, 6, 67}};

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
  bool separable, retrieves, knows_order;
  double largest_strength;
  std::vector<Gate> gates;
};

Traits traits(const RuleVariant& rule) {
  return std::visit(
      []<class R>(const R&) -> Traits {
        return {R::separable, R::retrieves, R::knows_order, R::largest_strength, {R::gates.begin(), R::gates.end()}};
      },
      rule);
}

/// Gates strictly within their ranges, constants around where they start, ρ of any size.
Writes<double> writes(const Traits& is, Index p, Index L) {
  const auto uniform = [&](std::uint64_t number, Index rows, Index cols) -> M {
    Stream stream(8, Purpose::test, number);
    M x(rows, cols);
    for (double& entry : x.reshaped()) entry = 0.1 + 0.8 * stream.uniform<double>();
    return x;
  };
  Writes<double> drawn;
  for (std::size_t i = 0; i < is.gates.size(); ++i) {
    const Gate& gate = is.gates[i];
    M x = uniform(36 + i, gate.per_feature ? p : 1, gate.constant ? 1 : L);
    if (gate.name == "beta") x *= is.largest_strength;
    if (gate.constant) x.array() += gate.least > 0 ? gate.least : gate.start - 0.5;
    drawn.gates.push_back(x);
  }
  drawn.retrieval = 0.4 + uniform(35, L, 1).array();
  return drawn;
}

/// The gates of the first n writes.
Writes<double> first(const Traits& is, const Writes<double>& writes, Index n) {
  Writes<double> some = writes;
  for (std::size_t i = 0; i < is.gates.size(); ++i)
    if (!is.gates[i].constant) some.gates[i] = writes.gates[i].leftCols(n);
  some.retrieval = writes.retrieval.head(n);
  return some;
}

/// Gates of write t by name.
reference::Gates gates_of(const Traits& is, const Writes<double>& writes, Index t) {
  reference::Gates gates;
  for (std::size_t i = 0; i < is.gates.size(); ++i)
    gates[std::string(is.gates[i].name)] = writes.gates[i].col(is.gates[i].constant ? 0 : t);
  return gates;
}

/// Whether it is a recurrence of one step a write.
bool has_step(const RuleVariant& rule) {
  return std::visit(
      []<class R>(const R&) {
        return !R::separable && requires(const double* k, Writes<double> writes) {
          R::step(k, Index(1), writes, Index(0));
        };
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

/// (a, e, w) of write t by a rule that is a recurrence.
std::optional<WriteStep<double>> step(const RuleVariant& rule, const M& K, const Writes<double>& writes, Index t) {
  return std::visit(
      [&]<class R>(const R&) -> std::optional<WriteStep<double>> {
        if constexpr (requires { R::step(K.data(), K.rows(), writes, t); })
          return R::step(K.col(t).data(), K.rows(), writes, t);
        return std::nullopt;
      },
      rule);
}

void coefficients(const RuleVariant& rule, ConstMatrixView<double> K, const Writes<double>& writes,
                  ConstMatrixView<double> Q, MatrixView<double> C, Workspaces& work) {
  std::visit(
      [&]<class R>(const R& r) {
        auto& own = std::get<typename R::Workspace>(work.rules);
        if constexpr (Rule<R, double>) {
          r.coefficients(K, writes, Q, C, own);
        } else if constexpr (RuleWithPositions<R, double>) {
          r.coefficients(K, writes, Q, {}, C, own);
        } else if constexpr (RuleOfFactors<R, double>) {
          r.factors(K, writes, work.factors);
          if (Q.cols() == 1)
            work.one.coefficients(work.factors, Q.col(0), C.col(0));
          else
            work.many.coefficients(work.factors, Q, {}, C, work.kept);
        }
      },
      rule);
}

void backward(const RuleVariant& rule, ConstMatrixView<double> K, const Writes<double>& writes,
              ConstMatrixView<double> Q, ConstMatrixView<double> C, ConstMatrixView<double> dC, Workspaces& work,
              MatrixView<double> dK, Writes<double>& dwrites, MatrixView<double> dQ) {
  std::visit(
      [&]<class R>(const R& r) {
        auto& own = std::get<typename R::Workspace>(work.rules);
        if constexpr (Rule<R, double>) {
          r.backward(0, K, writes, Q, C, dC, own, dK, dwrites, dQ);
        } else if constexpr (RuleWithPositions<R, double>) {
          r.backward(K, writes, Q, {}, dC, own, dK, dwrites, dQ);
        } else if constexpr (RuleOfFactors<R, double>) {
          Factors<double> d = zero_like(work.factors);
          if (Q.cols() == 1)
            work.one.backward(work.factors, dC.col(0), d, dQ.col(0));
          else
            work.many.coefficients_backward(work.factors, dC, work.kept, d, dQ);
          dK.setZero();
          r.factors_backward(K, writes, d, dK, dwrites);
        }
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
          dwrites.clear_like(writes);
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
  Writes<double> writes = palimpsest::writes(is, 5, 2);
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

// What the rules are to each other.

class RuleRelations : public testing::TestWithParam<int> {
 protected:
  const Index L = 9, p = 12;
  const M K = reference::normal(p, L, 40).colwise().normalized();
  const M Q = reference::normal(p, GetParam(), 41);  // one query and many have a path each
  // Of β and α.
  const Writes<double> drawn = writes(traits(GatedDeltaRule<double>()), p, L);

  /// The gates of a rule that has no others than these.
  template <class R>
  Writes<double> gates(const R&, std::optional<double> beta, std::optional<double> alpha, bool divided = false) const {
    Writes<double> made;
    for (const Gate& gate : R::gates) {
      const auto fixed = gate.name == kBeta.name ? beta : alpha;
      made.gates.push_back(fixed ? M(M::Constant(1, L, *fixed)) : drawn.gates[gate.name == kBeta.name ? 0 : 1]);
    }
    made.retrieval = divided ? drawn.retrieval : Vector<double>::Ones(L);
    return made;
  }

  template <class R>
  M answer(const R& rule, const M& keys, const M& queries, std::optional<double> beta = std::nullopt,
           std::optional<double> alpha = std::nullopt, bool divided = false) const {
    return coefficients(rule, keys, gates(rule, beta, alpha, divided), queries);
  }

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
  const M C = answer(DeltaRule<double>(), K, K.rightCols(1).replicate(1, GetParam()), 1);
  for (Index n = 0; n < C.cols(); ++n) EXPECT_TRUE(agree(C.col(n), Vector<double>::Unit(L, L - 1), 1e-14));
}

TEST_P(RuleRelations, OrthonormalKeysRecallAll) {
  const M keys = orthonormal(), I = M::Identity(L, L);
  EXPECT_TRUE(agree(answer(SumRule<double>(), keys, keys), I, 1e-13));
  EXPECT_TRUE(agree(answer(DeltaRule<double>(), keys, keys, 1), I, 1e-13));
  EXPECT_TRUE(agree(answer(GatedDeltaRule<double>(), keys, keys, 1, 1), I, 1e-13));
  // Longhorn's step is β/(1 + β) at unit length: half at β = 1.
  EXPECT_TRUE(agree(answer(LonghornRule<double>(), keys, keys, 1), 0.5 * I, 1e-13));
}

TEST_P(RuleRelations, LeastSquaresRecallsAsManyDistinctKeysAsThereAreFeatures) {
  const M keys = reference::normal(p, p, 42);
  // λ = 1e-6 against the least eigenvalue of K Kᵀ, some 0.01.
  EXPECT_TRUE(agree(answer(RecursiveLeastSquares<double>(), keys, keys), M::Identity(p, p), 1e-3));
}

TEST_P(RuleRelations, GatedDeltaWithoutDecayIsDelta) {
  EXPECT_EQ(answer(GatedDeltaRule<double>(), K, Q, std::nullopt, 1, true),
            answer(DeltaRule<double>(), K, Q, std::nullopt, std::nullopt, true));
}

TEST_P(RuleRelations, DecayOfOneIsSum) {
  EXPECT_TRUE(agree(answer(DecayRule<double>(), K, Q, std::nullopt, 1), answer(SumRule<double>(), K, Q), 1e-14));
}

// The rules of more gates, where these are such that another rule is left.

/// Of a rule, with gates as given by name, where they aren't as drawn.
template <class R>
M with(const R&, const M& K, const M& Q, const std::map<std::string_view, M>& given) {
  const RuleVariant rule = R();
  const Index p = K.rows(), L = K.cols();
  Writes<double> made = writes(traits(rule), p, L);
  for (std::size_t i = 0; i < R::gates.size(); ++i)
    if (const auto at = given.find(R::gates[i].name); at != given.end())
      made.gates[i] =
          at->second.size() == 1 ? M::Constant(made.gates[i].rows(), made.gates[i].cols(), at->second(0)) : at->second;
  made.retrieval.setOnes();
  return coefficients(rule, K, made, Q);
}

M number(double x) { return M::Constant(1, 1, x); }

TEST_P(RuleRelations, KdaOfEqualDecaysIsGatedDelta) {
  const M beta = drawn.gates[0], alpha = drawn.gates[1];
  EXPECT_TRUE(agree(with(KdaRule<double>(), K, Q, {{"beta", beta}, {"alpha", alpha.replicate(p, 1)}}),
                    with(GatedDeltaRule<double>(), K, Q, {{"beta", beta}, {"alpha", alpha}}), 1e-12));
}

TEST_P(RuleRelations, GlaOfEqualDecaysIsDecay) {
  const M alpha = drawn.gates[1];
  EXPECT_TRUE(agree(with(GlaRule<double>(), K, Q, {{"alpha", alpha.replicate(p, 1)}}),
                    with(DecayRule<double>(), K, Q, {{"alpha", alpha}}), 1e-12));
}

// w = 1, κ̂ = k/‖k‖, k̃ = βk, a = β‖k‖², here with keys of unit length: k̃ = k (1 + (a − 1)) = βk for ζ = 1.
TEST_P(RuleRelations, Rwkv7OfUnitKeysWithoutDecayIsDelta) {
  const M beta = drawn.gates[0];
  EXPECT_TRUE(
      agree(with(Rwkv7Rule<double>(), K, Q,
                 {{"rate", beta.replicate(p, 1)}, {"alpha", number(1)}, {"xi", number(1)}, {"zeta", number(1)}}),
            with(DeltaRule<double>(), K, Q, {{"beta", beta}}), 1e-12));
}

TEST_P(RuleRelations, CombaThatRemovesAllIsGatedDelta) {
  const M beta = drawn.gates[0], alpha = drawn.gates[1];
  EXPECT_TRUE(agree(with(CombaRule<double>(), K, Q, {{"beta", beta}, {"alpha", alpha}, {"c", number(1)}}),
                    with(GatedDeltaRule<double>(), K, Q, {{"beta", beta}, {"alpha", alpha}}), 1e-13));
}

TEST_P(RuleRelations, GatedDelta2OfOneStrengthIsKda) {
  const M beta = drawn.gates[0], alpha = writes(traits(KdaRule<double>()), p, L).gates[1];
  EXPECT_TRUE(
      agree(with(GatedDelta2Rule<double>(), K, Q, {{"erase", beta.replicate(p, 1)}, {"write", beta}, {"alpha", alpha}}),
            with(KdaRule<double>(), K, Q, {{"beta", beta}, {"alpha", alpha}}), 1e-12));
}

// Both lose the condition of K Kᵀ + 1e-6, some 1e5 here.
TEST_P(RuleRelations, MesaWithoutGatesIsLeastSquares) {
  EXPECT_TRUE(
      agree(with(MesaRule<double>(), K, Q, {{"beta", number(1)}, {"alpha", number(1)}, {"ridge", number(1e-6)}}),
            with(RecursiveLeastSquares<double>(), K, Q, {}), 1e-8));
}

TEST_P(RuleRelations, MomentumDeltaWithoutMomentumIsDelta) {
  const M beta = drawn.gates[0];
  EXPECT_TRUE(
      agree(with(MomentumDeltaRule<double>(), K, Q, {{"eta", number(0)}, {"alpha", number(1)}, {"theta", beta}}),
            with(DeltaRule<double>(), K, Q, {{"beta", beta}}), 1e-13));
}

TEST_P(RuleRelations, DeltaProductOfOneIsDelta) {
  EXPECT_EQ(answer(DeltaProductRule<double>(1), K, Q, std::nullopt, std::nullopt, true),
            answer(DeltaRule<double>(), K, Q, std::nullopt, std::nullopt, true));
}

}  // namespace
}  // namespace palimpsest
