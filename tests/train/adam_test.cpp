#include "palimpsest/train/adam.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace palimpsest {
namespace {

Parameter<double> parameter(double value) {
  Parameter<double> made("x", 1, 1);
  made.value(0) = value;
  return made;
}

TEST(Adam, ThreeStepsByHand) {
  // Rate 0.1 from θ = 1 with gradients ½, −1, 0:
  // m = .05,    v = .00025;     m̂ = .05/.1     = .5,        v̂ = .00025/.001       = .25,      θ = 1 − .1·.5/(.5 + 1e-8)
  // m = −.055,  v = .00124975;  m̂ = −.055/.19  = −.2894737, v̂ = .00124975/.001999 = .6251876, θ += .1·.2894737/.7906881
  // m = −.0495, v = .0012485;   m̂ = −.0495/.271 = −.1826568, v̂ = .4165832,                    θ += .1·.1826568/.6454326
  auto x = parameter(1);
  Adam<double> adam;
  const double gradients[] = {0.5, -1, 0};
  const double expected[] = {0.9000000019999999, 0.9366103542405653, 0.9649102625501886};
  for (int step = 0; step < 3; ++step) {
    x.gradient(0) = gradients[step];
    adam.update({&x}, 0.1);
    EXPECT_NEAR(x.value(0), expected[step], 1e-12);  // debiasing divides by 1 − 0.999ᵗ, which loses three digits
  }
}

TEST(Adam, TheFirstStepIsTheRateWhateverTheGradientsSize) {
  for (const double gradient : {1e-3, 1.0, -1e6}) {
    auto x = parameter(0);
    x.gradient(0) = gradient;
    Adam<double>().update({&x}, 1e-3);
    EXPECT_NEAR(x.value(0), gradient > 0 ? -1e-3 : 1e-3, 1e-3 * 2e-5);  // ε/|g| = 1e-5 at most
  }
}

TEST(Adam, AParameterWithoutAGradientStays) {
  auto x = parameter(3);
  x.gradient(0) = 0;
  Adam<double>().update({&x}, 1);
  EXPECT_EQ(x.value(0), 3);
}

TEST(Adam, DecayShrinksBeforeTheStepAndNoMoment) {
  // Rate 0.1 and decay 0.5: θ ← 0.95 θ, then the step of ThreeStepsByHand, which the gradients alone decide.
  auto decaying = parameter(1), plain = parameter(1);
  Adam<double> with, without;
  const double gradients[] = {0.5, -1, 0};
  for (const double gradient : gradients) {
    decaying.gradient(0) = plain.gradient(0) = gradient;
    const double before = decaying.value(0), step = plain.value(0);
    with.update({&decaying}, 0.1, 0.5);
    without.update({&plain}, 0.1);
    EXPECT_NEAR(decaying.value(0), 0.95 * before + (plain.value(0) - step), 1e-15);
  }
}

TEST(Adam, NamesAParameterThatWillMoveNoMore) {
  Parameter<float> fine("fine", 5, 7), bad("bad", 5, 7);
  constexpr float inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  for (const float gradient : {1e20f, -5e20f, 7e20f, -7e20f, inf, -inf, nan})
    for (const Index at : {0, 3, 16, 34}) {  // in whole vectors and beside them
      fine.gradient.setConstant(3), bad.gradient.setConstant(-2);
      fine.value.setZero(), bad.value.setZero();
      bad.gradient(at) = gradient;
      Adam<float> adam;
      const auto* stuck = adam.update({&fine, &bad}, 1e-3);
      EXPECT_EQ(stuck, std::abs(gradient) < 5.8e20f ? nullptr : &bad) << gradient << " at " << at;
    }
}

TEST(Adam, ParametersDontMix) {
  Parameter<double> a("a", 5, 3), b("b", 1, 7), alone("a", 5, 3);
  a.value.setOnes(), alone.value.setOnes(), b.value.setOnes();
  Adam<double> together, one;
  for (int step = 1; step <= 3; ++step) {
    for (Index i = 0; i < a.gradient.size(); ++i) a.gradient(i) = alone.gradient(i) = static_cast<double>(i - step);
    b.gradient.setConstant(step);
    together.update({&a, &b}, 0.1);
    one.update({&alone}, 0.1);
  }
  EXPECT_EQ(a.value, alone.value);
  EXPECT_TRUE((b.value.array() < 1).all());
}

}  // namespace
}  // namespace palimpsest
