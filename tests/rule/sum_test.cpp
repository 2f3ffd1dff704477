#include "palimpsest/rule/sum.hpp"

#include <gtest/gtest.h>

#include "palimpsest/memory/state.hpp"

namespace palimpsest {
namespace {

using M = Matrix<double>;

// Keys (1, 2) and (0, 3), queries (1, 1) and (2, −1):
//   C = KᵀQ = [1·1 + 2·1, 1·2 − 2·1; 3·1, −3·1] = [3 0; 3 −3].
const M K{{1, 0}, {2, 3}}, Q{{1, 2}, {1, -1}}, C{{3, 0}, {3, -3}};

TEST(SumRule, CoefficientsAreDotProducts) {
  M got(2, 2);
  SumRule<double>::Workspace work;
  SumRule<double>().coefficients(K, {}, Q, got, work);
  EXPECT_EQ(got, C);
}

TEST(SumRule, AWrittenValueIsReadBackByItsKey) {
  // W = v₁k₁ᵀ + v₂k₂ᵀ = [1 2; 0 0] + [0 0; 0 3]; W (1, 1)ᵀ = (3, 3)ᵀ: column 0 of C, the values being unit vectors.
  FastWeightState<double> state(SumRule<double>(), NoNormalization<double>(), 2, 2);
  for (Index t = 0; t < 2; ++t) state.write(K.col(t), Vector<double>::Unit(2, t), {});
  EXPECT_EQ(state.W(), (M{{1, 2}, {0, 3}}));
  for (Index n = 0; n < 2; ++n) {
    Vector<double> y(2);
    state.read(Q.col(n), y);
    EXPECT_EQ(y, C.col(n));
  }
}

TEST(SumRule, GradientsAreOuterProducts) {
  // One coefficient c_{1,0} = k₁·q₀ weighs: dk₁ = q₀, dq₀ = k₁, the rest 0; dQ is added to, dK is not.
  const M dC{{0, 0}, {1, 0}};
  M dK = M::Constant(2, 2, 9), dQ = M::Constant(2, 2, 10);
  SumRule<double>::Workspace work;
  Writes<double> dwrites;
  SumRule<double>().backward(0, K, {}, Q, C, dC, work, dK, dwrites, dQ);
  EXPECT_EQ(dK, (M{{0, 1}, {0, 1}}));
  EXPECT_EQ(dQ, (M{{10, 10}, {13, 10}}));
  // The same for a single query, which has a path of its own.
  M dK_one = M::Constant(2, 2, 9), dQ_one = M::Constant(2, 1, 10);
  SumRule<double>().backward(0, K, {}, Q.leftCols(1), C.leftCols(1), dC.leftCols(1), work, dK_one, dwrites, dQ_one);
  EXPECT_EQ(dK_one, dK);
  EXPECT_EQ(dQ_one, dQ.leftCols(1));
}

}  // namespace
}  // namespace palimpsest
