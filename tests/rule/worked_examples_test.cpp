// Each rule worked by hand on two writes of the keys k₁ = (1, 0), k₂ = (1, 1) and a query q = (2, 1), unit values. W is 2×2,
// row i what is stored for value i, so y = W q is the column of coefficients.
#include <gtest/gtest.h>

#include "palimpsest/rule/all.hpp"
#include "reference/agree.hpp"

namespace palimpsest {
namespace {

using reference::agree;
using M = Matrix<double>;

const M K{{1, 1}, {0, 1}}, q{{2}, {1}};

template <class R>
M coefficients(const R& rule, double beta, double alpha) {
  Writes<double> writes;
  for (const Gate& gate : R::gates) writes.gates.push_back(M::Constant(1, 2, gate.name == "beta" ? beta : alpha));
  writes.retrieval.setOnes(2);
  typename R::Workspace work;
  M C(2, 1);
  rule.coefficients(K, writes, q, C, work);
  return C;
}

TEST(DecayRule, ByHand) {
  // α = ½: W = ½ [1 0; 0 0] + [0 0; 1 1]; y = (1, 3).
  EXPECT_TRUE(agree(coefficients(DecayRule<double>(), 1, 0.5), M{{1}, {3}}, 1e-15));
}

TEST(DeltaRule, ByHand) {
  // β = ½: W₁ = [½ 0; 0 0]; W₁k₂ = (½, 0); W₂ = W₁ + ½ (−½, 1)ᵀ(1, 1) = [¼ −¼; ½ ½]; y = (¼, 3/2).
  EXPECT_TRUE(agree(coefficients(DeltaRule<double>(), 0.5, 1), M{{0.25}, {1.5}}, 1e-15));
}

TEST(GatedDeltaRule, ByHand) {
  // α = β = ½: W₁ = [½ 0; 0 0]; W₂ = ½ (W₁ − ½ (½, 0)ᵀ(1, 1)) + ½ (0, 1)ᵀ(1, 1) = [1/8 −1/8; ½ ½]; y = (1/8, 3/2).
  EXPECT_TRUE(agree(coefficients(GatedDeltaRule<double>(), 0.5, 0.5), M{{0.125}, {1.5}}, 1e-15));
}

TEST(LonghornRule, ByHand) {
  // β = 1: Δ₁ = ½, Δ₂ = 1/3. W₁ = [½ 0; 0 0]; W₂ = W₁ + ⅓ (−½, 1)ᵀ(1, 1) = [⅓ −1/6; ⅓ ⅓]; y = (½, 1).
  EXPECT_TRUE(agree(coefficients(LonghornRule<double>(), 1, 1), M{{0.5}, {1}}, 1e-15));
}

TEST(DeltaProductRule, ByHand) {
  // β = 3/2 overshoots: W₁ = [3/2 0; 0 0]; W₂ = W₁ + 3/2 (−3/2, 1)ᵀ(1, 1) = [−¾ −9/4; 3/2 3/2]; y = (−15/4, 9/2).
  EXPECT_TRUE(agree(coefficients(DeltaProductRule<double>(1), 1.5, 1), M{{-3.75}, {4.5}}, 1e-15));
}

TEST(DeltaProductRule, TakesOneToSixteenSteps) {
  for (const int n : {0, -1, 17}) EXPECT_THROW(DeltaProductRule<double>{n}, ConfigurationError);
  EXPECT_EQ(DeltaProductRule<double>(16).steps_per_write(), 16);
}

TEST(RecursiveLeastSquares, ByHand) {
  // Two independent keys: q = k₁ + k₂, so c = (1, 1) up to λ.
  EXPECT_TRUE(agree(coefficients(RecursiveLeastSquares<double>(), 1, 1), M{{1}, {1}}, 1e-5));
  // λ = 1: G = K Kᵀ + I = [3 1; 1 2], G⁻¹ q = (3, 1)/5, c = Kᵀ G⁻¹ q = (3, 4)/5.
  EXPECT_TRUE(agree(coefficients(RecursiveLeastSquares<double>{1}, 1, 1), M{{0.6}, {0.8}}, 1e-15));
}

TEST(Fwm2021Rule, ByHand) {
  // β = 1, values 0, 1: W₁ = [1 0; 0 0]; v̄ = (1, 0); M = W₁ + (−1, 1)ᵀ(1, 1) = [0 −1; 1 1], ‖M‖ = √3, W₂ = M/√3. W₂q =
  // (−1, 3)/√3; without its mean (−2, 2)/√3, divided by its size 2/√3: (−1, 1) up to the layer norm's ε.
  Writes<double> writes;
  writes.gates = {M::Ones(1, 2)};
  writes.retrieval.setOnes(2);
  Fwm2021Rule<double>::Workspace work;
  M Y(2, 1);
  Fwm2021Rule<double>().answers(K, writes, {0, 1}, q, Y, work);
  EXPECT_TRUE(agree(Y, M{{-1}, {1}}, 1e-5));
  EXPECT_NEAR(work.norms(1), std::sqrt(3.0), 1e-15);
}

}  // namespace
}  // namespace palimpsest
