// Layers of single tokens: embedding, linear, RMSNorm, SwiGLU.
#include <gtest/gtest.h>

#include <cmath>

#include "layer/adjoint.hpp"
#include "palimpsest/layer/embedding.hpp"
#include "palimpsest/layer/linear.hpp"
#include "palimpsest/layer/rms_norm.hpp"
#include "palimpsest/layer/swiglu.hpp"
#include "reference/agree.hpp"
#include "reference/random.hpp"

namespace palimpsest {
namespace {

using layer_test::disturb;
using layer_test::expect_adjoint;
using reference::agree;
using M = Matrix<double>;

constexpr double kLastBits = 1e-15;

TEST(Embedding, LooksUpColumnsAndIsZeroWithoutAToken) {
  Embedding<double> E("E", 2, 3, false);
  E.parameters()[0]->value << 1, 2, 3, 4, 5, 6;
  reference::PoisonedWindow<double> Y(2, 4);
  const std::vector<int> tokens{2, 0, kNoToken, 2};
  E.forward(tokens, Y.view());
  EXPECT_EQ(Y.value(), (M(2, 4) << 3, 1, 0, 3, 6, 4, 0, 6).finished());
  EXPECT_TRUE(Y.in_bounds());

  // Token 2 stood twice: 1 + 4 and 10 + 40.
  E.gradient().setOnes();
  E.backward(tokens, (M(2, 4) << 1, 2, 3, 4, 10, 20, 30, 40).finished());
  EXPECT_EQ(E.gradient(), (M(2, 3) << 3, 1, 6, 21, 1, 51).finished());
}

TEST(Embedding, StartsNormalOrOnTheUnitSphere) {
  Embedding<double> E("E", 63, 501, false);
  Stream stream(1, Purpose::test, 0);
  E.start(stream, EmbeddingStart::normal);
  // Of n = 31563 entries: a mean has a standard error of 0.02/√n = 1.1e-4, a mean square one of 0.0004·√(2/n) = 3.2e-6.
  EXPECT_NEAR(E.value().mean(), 0, 5e-4);
  EXPECT_NEAR(E.value().array().square().mean(), 4e-4, 1.5e-5);
  E.start(stream, EmbeddingStart::unit_sphere);
  EXPECT_TRUE(agree(E.value().colwise().norm(), M::Ones(1, 501), kLastBits));
}

TEST(Embedding, HasNothingToLearnIfFrozen) {
  Embedding<float> E("E", 5, 7, true);
  EXPECT_TRUE(E.parameters().empty());
  EXPECT_EQ(E.value().cols(), 7);
  EXPECT_EQ(E.gradient().size(), 0);
}

TEST(Linear, AddsABiasToItsLastOutputs) {
  // [1 2; 3 4] (1, −1) = (−1, −1), and ½ on the second.
  Linear<double> linear("W", 2, 2, 1);
  linear.parameters()[0]->value << 1, 2, 3, 4;
  linear.bias() << 0.5;
  M y(2, 1);
  linear.forward((M(2, 1) << 1, -1).finished(), y);
  EXPECT_EQ(y, (M(2, 1) << -1, -0.5).finished());
  EXPECT_EQ(linear.parameters()[1]->name, "W.bias");
}

TEST(Linear, AdjointIsTheCentralDifference) {
  for (const auto& [outputs, inputs, biased, N] :
       {std::array<Index, 4>{1, 1, 0, 1}, {5, 3, 5, 7}, {63, 5, 2, 3}, {3, 63, 0, 1}}) {
    Linear<double> linear("W", outputs, inputs, biased);
    disturb(linear.parameters(), 11);
    expect_adjoint({inputs, outputs, [&](auto X, auto Y) { linear.forward(X, Y); },
                    [&](auto X, auto dY, auto dX) { linear.backward(X, dY, dX); }, linear.parameters()},
                   N);
  }
}

TEST(Linear, LearnsTheSameWithoutAGradientByItsInput) {
  Linear<double> one("W", 5, 3, 2), other = one;
  disturb(one.parameters(), 21), disturb(other.parameters(), 21);
  const M X = reference::normal(3, 7, 22), dY = reference::normal(5, 7, 23);
  M dX = M::Zero(3, 7);
  one.backward(X, dY, dX);
  other.learn(X, dY);
  for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(one.parameters()[i]->gradient, other.parameters()[i]->gradient);
}

TEST(RmsNorm, DividesByTheRootOfTheMeanSquare) {
  // (3, 4): mean square 12.5, and 1e-6; 1/√12.500001 = 0.28284270; gains 1 and 2.
  RmsNorm<double> norm("g", 2);
  EXPECT_EQ(norm.parameters()[0]->value, M::Ones(2, 1));
  norm.parameters()[0]->value << 1, 2;
  M y(2, 1), r(1, 1);
  norm.forward((M(2, 1) << 3, 4).finished(), y, r);
  const double inverse = 0.28284270116;  // 0.282842712475 (1 − ½ · 1e-6/12.5)
  EXPECT_NEAR(y(0), 3 * inverse, 1e-10);
  EXPECT_NEAR(y(1), 8 * inverse, 1e-10);
}

TEST(RmsNorm, NormalisesHeadsAloneWithAGainPerRow) {
  RmsNorm<double> both("g", 6, 2), first("g", 3), second("g", 3);
  disturb(both.parameters(), 31);
  first.parameters()[0]->value = both.parameters()[0]->value.topRows(3);
  second.parameters()[0]->value = both.parameters()[0]->value.bottomRows(3);
  const M X = reference::normal(6, 5, 32);
  M Y(6, 5), top(3, 5), bottom(3, 5), r(2, 5), r_top(1, 5), r_bottom(1, 5);
  both.forward(X, Y, r);
  first.forward(X.topRows(3), top, r_top);
  second.forward(X.bottomRows(3), bottom, r_bottom);
  EXPECT_EQ(Y.topRows(3), top);
  EXPECT_EQ(Y.bottomRows(3), bottom);
  EXPECT_EQ(r.row(1), r_bottom.row(0));
}

TEST(RmsNorm, AdjointIsTheCentralDifference) {
  for (const auto& [size, heads, N] : {std::array<Index, 3>{1, 1, 1}, {5, 1, 3}, {63, 1, 2}, {21, 3, 5}, {1, 5, 4}}) {
    RmsNorm<double> norm("g", size * heads, heads);
    disturb(norm.parameters(), 41);
    M r(heads, N);
    // A head of one row is ±1 whatever it is: its gradient is ε's, of which a difference of 1e-5 keeps four digits.
    const double tolerance = size == 1 ? 1e-2 : 1e-7;
    expect_adjoint({size * heads, size * heads, [&](auto X, auto Y) { norm.forward(X, Y, r); },
                    [&](auto X, auto dY, auto dX) { norm.backward(X, r, dY, dX); }, norm.parameters()},
                   N, tolerance);
  }
}

TEST(SwiGlu, OneNumberByHand) {
  // D = 1 has two numbers between. x = 2: a = (2, −2), b = (6, 1); silu(2) = 1.7615941559557649, silu(−2) = −0.2384058440442351;
  // y = 1 · 6 · 1.76159… + 10 · 1 · (−0.23840…) = 8.185506495292239.
  SwiGlu<double> mlp("mlp", 1);
  ASSERT_EQ(mlp.parameters()[0]->value.rows(), 4);
  mlp.parameters()[0]->value << 1, -1, 3, 0.5;
  mlp.parameters()[1]->value << 1, 10;
  M y(1, 1);
  mlp.forward(M::Constant(1, 1, 2), y, nullptr);
  EXPECT_NEAR(y(0), 8.185506495292239, 1e-14);
}

TEST(SwiGlu, HasEightThirdsOfTheWidthBetween) {
  const auto inner = [](Index width) { return SwiGlu<float>("mlp", width).parameters()[1]->value.cols(); };
  EXPECT_EQ(inner(64), 170);
  EXPECT_EQ(inner(128), 341);
}

TEST(SwiGlu, AdjointIsTheCentralDifference) {
  for (const auto& [width, N] : {std::array<Index, 2>{1, 1}, {5, 7}, {21, 3}}) {
    SwiGlu<double> mlp("mlp", width);
    disturb(mlp.parameters(), 51);
    SwiGlu<double>::Kept kept;
    expect_adjoint({width, width, [&](auto X, auto Y) { mlp.forward(X, Y, &kept); },
                    [&](auto X, auto dY, auto dX) {
                      M Y(X.rows(), X.cols());
                      mlp.forward(2 * X, Y, nullptr);  // a pass that is not kept in between changes nothing
                      mlp.backward(X, kept, dY, dX);
                    },
                    mlp.parameters()},
                   N);
  }
}

TEST(SwiGlu, HoldsAtVeryNegativeInputs) {
  SwiGlu<float> mlp("mlp", 1);
  mlp.parameters()[0]->value << 1, 1, 1, 1;
  mlp.parameters()[1]->value << 1, 1;
  SwiGlu<float>::Kept kept;
  Matrix<float> x(1, 2), y(1, 2), dx = Matrix<float>::Zero(1, 2);
  x << -1000, 1000;
  mlp.forward(x, y, &kept);
  EXPECT_EQ(y(0), 0);
  EXPECT_EQ(y(1), 2e6F);
  for (auto* parameter : mlp.parameters()) parameter->gradient.setZero();
  mlp.backward(x, kept, Matrix<float>::Ones(1, 2), dx);
  EXPECT_EQ(dx(0), 0);
  EXPECT_EQ(dx(1), 4000);
}

}  // namespace
}  // namespace palimpsest
