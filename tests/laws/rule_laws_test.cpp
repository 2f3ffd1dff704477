#include <gtest/gtest.h>

#include "laws/components.hpp"
#include "palimpsest/rule/all.hpp"
#include "reference/agree.hpp"
#include "reference/dense.hpp"
#include "reference/random.hpp"

namespace palimpsest {
namespace {

using reference::agree;
using reference::PoisonedWindow;
using M = Matrix<double>;

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

/// Rules with coefficients; the others are tested through the memory.
template <class List>
struct WithCoefficients;
template <class... R>
struct WithCoefficients<TypeList<R...>> {
  template <class... Kept>
  static TypeList<Kept...> join(TypeList<Kept...>);
  template <class First, class... Rest, class... Kept>
  static auto select(TypeList<First, Rest...>, TypeList<Kept...>) {
    using Next = std::conditional_t<StateRule<First>, TypeList<Kept...>, TypeList<Kept..., First>>;
    if constexpr (sizeof...(Rest) == 0)
      return Next{};
    else
      return select(TypeList<Rest...>{}, Next{});
  }
  using type = decltype(select(TypeList<R...>{}, TypeList<>{}));
};
using LinearRules = WithCoefficients<Rules<double>>::type;

template <class R>
class RuleLaws : public testing::Test {
 protected:
  static M coefficients(const M& K, const Writes<double>& writes, const M& Q) {
    PoisonedWindow<double> C(K.cols(), Q.cols());
    typename R::Workspace work;
    laws::rule<R>().coefficients(K, writes, Q, C.view(), work);
    EXPECT_TRUE(C.in_bounds());
    return C.value();
  }

  template <class F>
  static void for_all(F&& f) {
    for (const auto& [p, L, N] : kSizes) {
      SCOPED_TRACE(fmt::format("p = {}, L = {}, N = {}", p, L, N));
      f(M(0.4 * reference::normal(p, L, 30)), writes(L, R::largest_strength), reference::normal(p, N, 31));
    }
  }
};

TYPED_TEST_SUITE(RuleLaws, laws::TestTypes<LinearRules>, laws::ByName);

TYPED_TEST(RuleLaws, MeetsTheConcept) { static_assert(Rule<TypeParam, double>); }

TYPED_TEST(RuleLaws, TheQuerySideIsTheStateSide) {
  this->for_all([&](const M& K, Writes<double> writes, const M& Q) {
    writes.retrieval.setOnes();  // the state's side knows no other without an accumulator
    const M V = reference::normal(4, K.cols(), 32);
    reference::State<double> state(TypeParam::name, "none", V.rows(), K.rows());
    for (Index t = 0; t < K.cols(); ++t) {
      state.write(K.col(t), V.col(t), writes.beta(t), writes.alpha(t));
      // A query after write t sees the first t + 1 writes.
      const M C = this->coefficients(K.leftCols(t + 1), writes, Q);
      M Y(V.rows(), Q.cols());
      for (Index n = 0; n < Q.cols(); ++n) Y.col(n) = state.read(Q.col(n));
      EXPECT_TRUE(agree(V.leftCols(t + 1) * C, Y, 1e-11));  // rounding of L·p terms, a solve for rls
    }
  });
}

// W_t = a W_{t−1} + b_t k_tᵀ with b_t = w_t v_t − e_t W_{t−1} k_t is a triangular system for B = [b_1 … b_L]:
//   B (I + M) = V D ,  M_{s,t} = e_t γ(s, t−1) k_s·k_t for s < t ,  γ(s, r) = a_{s+1} … a_r ,  D = diag(w) ,
// and y = B Γ KᵀQ with Γ = diag(γ(s, L)).
TYPED_TEST(RuleLaws, ARecurrenceIsATriangularSolve) {
  if constexpr (requires(Write<double> write) { TypeParam::step(write); }) {
    this->for_all([&](const M& K, const Writes<double>& writes, const M& Q) {
      const Index L = K.cols();
      std::vector<WriteStep<double>> steps;
      for (Index t = 0; t < L; ++t)
        steps.push_back(TypeParam::step(
            {writes.beta(t), writes.alpha(t), writes.retrieval(t), K.col(t).squaredNorm()}));
      const auto gamma = [&](Index s, Index r) {
        double product = 1;
        for (Index i = s + 1; i <= r; ++i) product *= steps[static_cast<std::size_t>(i)].decay;
        return product;
      };
      M system = M::Identity(L, L), D = M::Zero(L, L), Gamma = M::Zero(L, L);
      for (Index t = 0; t < L; ++t) {
        D(t, t) = steps[static_cast<std::size_t>(t)].write;
        Gamma(t, t) = gamma(t, L - 1);
        for (Index s = 0; s < t; ++s)
          system(s, t) = steps[static_cast<std::size_t>(t)].erase * gamma(s, t - 1) * K.col(s).dot(K.col(t));
      }
      const M expected = D * system.triangularView<Eigen::Upper>().solve(Gamma * K.transpose() * Q);
      EXPECT_TRUE(agree(this->coefficients(K, writes, Q), expected, 1e-11));  // rounding of L² terms
    });
  }
}

TYPED_TEST(RuleLaws, OneQueryIsAnsweredAsAmongMany) {
  this->for_all([&](const M& K, const Writes<double>& writes, const M& Q) {
    const M together = this->coefficients(K, writes, Q);
    for (Index n = 0; n < Q.cols(); ++n)
      EXPECT_TRUE(agree(this->coefficients(K, writes, Q.col(n)), together.col(n), 1e-12));
  });
}

TYPED_TEST(RuleLaws, BackwardIsTheGradient) {
  this->for_all([&](M K, Writes<double> writes, M Q) {
    const M weights = reference::normal(K.cols(), Q.cols(), 33);
    const M dQ_before = reference::normal(Q.rows(), Q.cols(), 34);
    const auto rule = laws::rule<TypeParam>();
    typename TypeParam::Workspace work;
    M C(K.cols(), Q.cols());
    rule.coefficients(K, writes, Q, C, work);
    PoisonedWindow<double> dK(K.rows(), K.cols()), dQ(Q.rows(), Q.cols());
    dQ.view() = dQ_before;
    Writes<double> dwrites;
    dwrites.set_constant(K.cols(), 10);  // accumulates
    rule.backward(K, writes, Q, C, weights, work, dK.view(), dwrites, dQ.view());
    EXPECT_TRUE(dK.in_bounds() && dQ.in_bounds());
    const auto f = [&] { return this->coefficients(K, writes, Q).cwiseProduct(weights).sum(); };
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

TYPED_TEST(RuleLaws, ARuleUsesTheGatesThatItSaysItUses) {
  this->for_all([&](const M& K, const Writes<double>& writes, const M& Q) {
    const M before = this->coefficients(K, writes, Q);
    const auto changes = [&](Vector<double> Writes<double>::*gate) {
      Writes<double> other = writes;
      other.*gate *= 0.5;
      return this->coefficients(K, other, Q) != before;
    };
    EXPECT_EQ(changes(&Writes<double>::beta), TypeParam::uses_strength);
    if (K.cols() == 1) return;  // before the first write there is nothing to keep or retrieve
    EXPECT_EQ(changes(&Writes<double>::alpha), TypeParam::uses_decay);
    EXPECT_EQ(changes(&Writes<double>::retrieval), TypeParam::retrieves);
  });
}

TYPED_TEST(RuleLaws, OnlyARuleThatKnowsTheOrderDependsOnIt) {
  const M K = 0.4 * reference::normal(5, 2, 30), Q = reference::normal(5, 3, 31), swapped = K.rowwise().reverse();
  Writes<double> writes = palimpsest::writes(2, 1);
  writes.beta.setConstant(0.7);
  writes.alpha.setConstant(0.6);
  writes.retrieval.setOnes();
  const M back = this->coefficients(swapped, writes, Q).colwise().reverse();
  EXPECT_NE(agree(back, this->coefficients(K, writes, Q), 1e-12), TypeParam::knows_order);
}

TYPED_TEST(RuleLaws, ASeparableRuleMayBeAppliedByBlocks) {
  if constexpr (TypeParam::separable) {
    this->for_all([&](const M& K, const Writes<double>& writes, const M& Q) {
      const M dC = reference::normal(K.cols(), Q.cols(), 35), C = this->coefficients(K, writes, Q);
      const TypeParam rule;
      typename TypeParam::Workspace work;
      Writes<double> dwrites;
      M dK(K.rows(), K.cols()), dQ = M::Zero(Q.rows(), Q.cols());
      rule.backward(K, writes, Q, C, dC, work, dK, dwrites, dQ);
      M C_blocks(C.rows(), C.cols()), dK_blocks(K.rows(), K.cols()), dQ_blocks = M::Zero(Q.rows(), Q.cols());
      for (Index first = 0; first < K.cols(); first += 2) {
        const Index count = std::min<Index>(2, K.cols() - first);
        rule.coefficients(K.middleCols(first, count), writes, Q, C_blocks.middleRows(first, count), work);
        rule.backward(K.middleCols(first, count), writes, Q, C.middleRows(first, count), dC.middleRows(first, count), work,
                      dK_blocks.middleCols(first, count), dwrites, dQ_blocks);
      }
      // The order of sums changes, nothing else.
      EXPECT_TRUE(agree(C_blocks, C, 1e-13));
      EXPECT_TRUE(agree(dK_blocks, dK, 1e-13));
      EXPECT_TRUE(agree(dQ_blocks, dQ, 1e-13));
    });
  }
}

// What the rules are to each other.

template <class R>
M coefficients_of(const R& rule, const M& K, const Writes<double>& writes, const M& Q) {
  M C(K.cols(), Q.cols());
  typename R::Workspace work;
  rule.coefficients(K, writes, Q, C, work);
  return C;
}

class RuleRelations : public testing::TestWithParam<int> {
 protected:
  const Index L = 9, p = 12;
  const M K = reference::normal(p, L, 40).colwise().normalized();
  const M Q = reference::normal(p, GetParam(), 41);  // one query and many have a path each
  Writes<double> gates = writes(L, 1);

  /// Orthonormal keys.
  M orthonormal() const { return M(Eigen::HouseholderQR<M>(K).householderQ()).leftCols(L); }
};

INSTANTIATE_TEST_SUITE_P(Queries, RuleRelations, testing::Values(1, 3));

TEST_P(RuleRelations, DeltaOfFullStrengthRecallsTheLastWriteExactly) {
  gates.beta.setOnes();
  gates.retrieval.setOnes();
  const M C = coefficients_of(DeltaRule<double>(), K, gates, K.rightCols(1).replicate(1, GetParam()));
  for (Index n = 0; n < C.cols(); ++n) EXPECT_TRUE(agree(C.col(n), Vector<double>::Unit(L, L - 1), 1e-14));
}

TEST_P(RuleRelations, OrthonormalKeysRecallAll) {
  gates.beta.setOnes();
  gates.retrieval.setOnes();
  const M keys = orthonormal();
  EXPECT_TRUE(agree(coefficients_of(SumRule<double>(), keys, gates, keys), M::Identity(L, L), 1e-13));
  EXPECT_TRUE(agree(coefficients_of(DeltaRule<double>(), keys, gates, keys), M::Identity(L, L), 1e-13));
  gates.alpha.setOnes();
  EXPECT_TRUE(agree(coefficients_of(GatedDeltaRule<double>(), keys, gates, keys), M::Identity(L, L), 1e-13));
  // Longhorn's step is β/(1 + β) at unit length: half at β = 1.
  EXPECT_TRUE(agree(coefficients_of(LonghornRule<double>(), keys, gates, keys), 0.5 * M::Identity(L, L), 1e-13));
}

TEST_P(RuleRelations, LeastSquaresRecallsAsManyDistinctKeysAsThereAreFeatures) {
  const M keys = reference::normal(p, p, 42);
  // λ = 1e-6 against the least eigenvalue of K Kᵀ, some 0.01.
  EXPECT_TRUE(agree(coefficients_of(RecursiveLeastSquares<double>(), keys, gates, keys), M::Identity(p, p), 1e-3));
}

TEST_P(RuleRelations, GatedDeltaWithoutDecayIsDelta) {
  gates.alpha.setOnes();
  EXPECT_EQ(coefficients_of(GatedDeltaRule<double>(), K, gates, Q), coefficients_of(DeltaRule<double>(), K, gates, Q));
}

TEST_P(RuleRelations, DecayOfOneIsSum) {
  gates.alpha.setOnes();
  EXPECT_TRUE(agree(coefficients_of(DecayRule<double>(), K, gates, Q), coefficients_of(SumRule<double>(), K, gates, Q),
                    1e-14));
}

TEST_P(RuleRelations, DeltaProductOfOneIsDelta) {
  EXPECT_EQ(coefficients_of(DeltaProductRule<double>(1), K, gates, Q),
            coefficients_of(DeltaRule<double>(), K, gates, Q));
}

}  // namespace
}  // namespace palimpsest
