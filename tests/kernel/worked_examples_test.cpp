// One example by hand of every kernel. Laws and gradient checks hold for a wrong formula too; these don't.
#include <gtest/gtest.h>

#include <cmath>

#include "kernel/by_hand.hpp"
#include "palimpsest/kernel/all.hpp"
#include "reference/agree.hpp"

namespace palimpsest {
namespace {

using by_hand::column;
using by_hand::gradient_of_feature;
using reference::agree;
using M = Matrix<double>;

constexpr double kLastBits = 1e-15;  // of an exponential or a square root

TEST(Identity, GivesTheKeyItself) {
  EXPECT_EQ(features(Identity<double>(), column({1, -2, 0})), column({1, -2, 0}));
  EXPECT_EQ(gradient_of_feature(Identity<double>(), column({1, -2}), 1), column({0, 1}));
}

TEST(Relu, DropsNegativeEntries) {
  EXPECT_EQ(features(Relu<double>(), column({1, -2, 0, 0.5})), column({1, 0, 0, 0.5}));
  EXPECT_EQ(gradient_of_feature(Relu<double>(), column({1, -2}), 0), column({1, 0}));
  EXPECT_EQ(gradient_of_feature(Relu<double>(), column({1, -2}), 1), column({0, 0}));
}

TEST(Elu, IsAnExponentialBelowZeroAndALineAbove) {
  // exp(−1) = 0.3678794411714423,  exp(0) = 1,  2 + 1 = 3;  derivatives exp(−1), 1, 1.
  const M x = column({-1, 0, 2});
  EXPECT_TRUE(agree(features(Elu<double>(), x), column({0.3678794411714423, 1, 3}), kLastBits));
  EXPECT_TRUE(agree(gradient_of_feature(Elu<double>(), x, 0), column({0.3678794411714423, 0, 0}), kLastBits));
  EXPECT_EQ(gradient_of_feature(Elu<double>(), x, 1), column({0, 1, 0}));
  EXPECT_EQ(gradient_of_feature(Elu<double>(), x, 2), column({0, 0, 1}));
}

TEST(Elu, KeepsTheDigitsOfAVeryNegativeKey) {
  // expm1(−50) + 1 would be 0; exp(−50) = 1.9287498479639178e-22.
  EXPECT_TRUE(agree(features(Elu<double>(), column({-50})), column({1.9287498479639178e-22}), kLastBits));
}

TEST(Elu, TakesNoExponentialOfAPositiveKey) {
  EXPECT_EQ(features(Elu<double>(), column({1e4})), column({10001}));
  EXPECT_EQ(gradient_of_feature(Elu<double>(), column({1e4}), 0), column({1}));
}

TEST(Dpfp, MultipliesNeighboursOnTheRing) {
  // x = (1, −2):  r = [1 0; 0 2],  roll(r, 1) = [2 1 0 0],  product = [2 0 0 0].
  EXPECT_EQ(features(Dpfp<double>(1), column({1, -2})), column({2, 0, 0, 0}));
  // Feature 0 is r_0 r_3 = x_0 · (−x_1): by x_0 it is 2, by x_1 it is −1.
  EXPECT_EQ(gradient_of_feature(Dpfp<double>(1), column({1, -2}), 0), column({2, -1}));
}

TEST(Dpfp, AppendsOneRollAfterAnother) {
  // x = (1, −2, 3):  r = [1 0 3 0 2 0];
  // roll(r, 1) = [0 1 0 3 0 2], product 0;   roll(r, 2) = [2 0 1 0 3 0], product [2 0 3 0 6 0].
  EXPECT_EQ(features(Dpfp<double>(2), column({1, -2, 3})), column({0, 0, 0, 0, 0, 0, 2, 0, 3, 0, 6, 0}));
  // Feature 10 is r_4 r_2 = −x_1 x_2.
  EXPECT_EQ(gradient_of_feature(Dpfp<double>(2), column({1, -2, 3}), 10), column({0, -3, 2}));
}

TEST(Dpfp, RollsRoundTheWholeRing) {
  // d = 1, x = 3: r = [3 0]; roll 1 = [0 3], product [0 0]; roll 2 = r, product [9 0]; roll 3 as roll 1.
  EXPECT_EQ(features(Dpfp<double>(3), column({3})), column({0, 0, 9, 0, 0, 0}));
  EXPECT_EQ(features(Dpfp<double>(3), column({-3})), column({0, 0, 0, 9, 0, 0}));
  EXPECT_EQ(gradient_of_feature(Dpfp<double>(3), column({-3}), 3), column({-6}));  // (−x)² by x
}

TEST(Dpfp, MakesUnitFeaturesOfSignedPairs) {
  // Rank p = 2dν needs relu(−x), not −relu(x): these keys have the one-hot features e_1, e_3, e_2, e_0.
  M x(2, 4);
  x << 1, -1, -1, 1, 1, -1, 1, -1;
  M expected = M::Zero(4, 4);
  expected(1, 0) = expected(3, 1) = expected(2, 2) = expected(0, 3) = 1;
  EXPECT_EQ(features(Dpfp<double>(1), x), expected);
}

TEST(Favor, IsAPairOfExponentials) {
  // Ω = [1 0; 0 2], x = (1, −1): Ωᵀx = (1, −2), ‖x‖²/2 = 1, (2m)^{-1/2} = 1/2.
  // ½ [e^{1−1}, e^{−2−1}, e^{−1−1}, e^{2−1}] = ½ [1, e⁻³, e⁻², e].
  Favor<double> kernel(2);
  kernel.omega = M{{1, 0}, {0, 2}};
  const M phi = column({0.5, 0.024893534183931972, 0.06766764161830635, 1.3591409142295225});
  EXPECT_TRUE(agree(features(kernel, column({1, -1})), phi, kLastBits));
}

TEST(FavorOnesided, IsOneExponential) {
  // As above without the second half, and m^{-1/2} = 0.7071067811865475: [1, e⁻³] / √2.
  FavorOnesided<double> kernel(2);
  kernel.omega = M{{1, 0}, {0, 2}};
  EXPECT_TRUE(agree(features(kernel, column({1, -1})), column({0.7071067811865475, 0.03520477365831485}), kLastBits));
}

TEST(Favor, ScalesKeysByTheFourthRootOfTheirSize) {
  // d = 16: d^{-1/4} = 1/2, so x = 2e_0 becomes e_0; ω = 3e_0 gives ωᵀx = 3, ‖x‖²/2 = ½: [e^{2.5}, e^{−3.5}] / √2.
  Favor<double> kernel(1);
  kernel.scaled = true;
  kernel.omega = 3 * M::Identity(16, 1);
  const M phi = column({8.614324091377586, 0.021352774592011646});
  EXPECT_TRUE(agree(features(kernel, M(2 * M::Identity(16, 1))), phi, 4 * kLastBits));  // of e^{2.5}, an ulp or two
}

TEST(Kernels, RefuseArgumentsOutOfRange) {
  const auto error_of = [](auto make) -> std::string {
    try {
      make();
    } catch (const ConfigurationError& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_EQ(error_of([] { Dpfp<double>(0); }), "kernel 'dpfp:0': nu must be at least 1");
  EXPECT_EQ(error_of([] { Dpfp<float>(-3); }), "kernel 'dpfp:-3': nu must be at least 1");
  EXPECT_EQ(error_of([] { Favor<double>(0); }), "kernel 'favor:0': m must be at least 1");
  EXPECT_EQ(error_of([] { FavorOnesided<double>(-1); }), "kernel 'favor_onesided:-1': m must be at least 1");
}

TEST(Kernels, KnowTheirFeatureDim) {
  for (const Index d : {1, 5, 63}) {
    EXPECT_EQ(Identity<double>().feature_dim(d), d);
    EXPECT_EQ(Elu<double>().feature_dim(d), d);
    EXPECT_EQ(Relu<double>().feature_dim(d), d);
    EXPECT_EQ(Dpfp<double>(3).feature_dim(d), 6 * d);
    EXPECT_EQ(Favor<double>(5).feature_dim(d), 10);
    EXPECT_EQ(FavorOnesided<double>(5).feature_dim(d), 5);
  }
  EXPECT_EQ(Favor<double>(2'000'000'004).feature_dim(5), 4'000'000'008);  // more than an int holds
}

}  // namespace
}  // namespace palimpsest
