// What the rules are to each other.
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string_view>

#include "laws/rules.hpp"
#include "reference/agree.hpp"
#include "reference/random.hpp"

namespace palimpsest {
namespace {

using namespace laws;
using reference::agree;

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
