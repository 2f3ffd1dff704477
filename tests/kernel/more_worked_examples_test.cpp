// As worked_examples_test.cpp, of polynomials, trigonometric features and maps that normalise by the key itself; with
// the products that the expansions of the softmax kernel stand for.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "kernel/by_hand.hpp"
#include "palimpsest/kernel/all.hpp"
#include "reference/agree.hpp"
#include "reference/random.hpp"
#include "theory/gaussian.hpp"

namespace palimpsest {
namespace {

using by_hand::column;
using by_hand::gradient_of_feature;
using reference::agree;
using M = Matrix<double>;

constexpr double kLastBits = 1e-15;  // of a few roundings, an exponential or a square root

TEST(Relu2, SquaresPositiveEntries) {
  EXPECT_EQ(features(Relu2<double>(), column({3, -2, 0, 0.5})), column({9, 0, 0, 0.25}));
  EXPECT_EQ(gradient_of_feature(Relu2<double>(), column({3, -2}), 0), column({6, 0}));
  EXPECT_EQ(gradient_of_feature(Relu2<double>(), column({3, -2}), 1), column({0, 0}));
  EXPECT_EQ(gradient_of_feature(Relu2<double>(), column({0}), 0), column({0}));
}

TEST(Taylor, IsOneThenTheKeyThenSquaresThenPairsByDistance) {
  // d = 4: x/d^{1/4} = x/√2, squares over √8 = 2√2, pairs over 2.  x = (1, 2, 0, −2):
  // squares 1, 4, 0, 4; pairs 01, 12, 23 = 2, 0, 0; 02, 13 = 0, −4; 03 = −2.
  const double r = 0.7071067811865475;  // 1/√2
  const M x = column({1, 2, 0, -2});
  const M phi = column({1, r, 2 * r, 0, -2 * r, r / 2, 2 * r, 0, 2 * r, 1, 0, 0, 0, -2, -1});
  EXPECT_TRUE(agree(features(Taylor<double>(), x), phi, kLastBits));
  EXPECT_EQ(gradient_of_feature(Taylor<double>(), x, 0), column({0, 0, 0, 0}));
  EXPECT_TRUE(agree(gradient_of_feature(Taylor<double>(), x, 2), column({0, r, 0, 0}), kLastBits));
  EXPECT_TRUE(agree(gradient_of_feature(Taylor<double>(), x, 8), column({0, 0, 0, -2 * r}), kLastBits));  // x_3²/√8
  EXPECT_TRUE(agree(gradient_of_feature(Taylor<double>(), x, 13), column({0, -1, 0, 1}), kLastBits));     // x_1 x_3/2
}

TEST(Taylor, OfASingleCoordinateHasNoPairs) {
  EXPECT_TRUE(agree(features(Taylor<double>(), column({3})), column({1, 3, 9 * 0.7071067811865475}), kLastBits));
}

TEST(Taylor, ProductsAreTheExpansionOfTheExponential) {
  for (const Index d : {1, 5, 63, 64}) {
    const M x = reference::normal(d, 6, 70), y = reference::normal(d, 5, 71);
    const M s = x.transpose() * y / std::sqrt(static_cast<double>(d));
    const M expected = (1 + s.array() + s.array().square() / 2).matrix();
    // Sums of p terms of size up to ‖x‖²‖y‖²/2d, against p·2⁻⁵³.
    EXPECT_TRUE(agree(features(Taylor<double>(), x).transpose() * features(Taylor<double>(), y), expected, 1e-13)) << d;
  }
}

TEST(RandomFourier, IsACosineAndASine) {
  // Ω = [1 0; 0 2], x = (1, −1): Ωᵀx = (1, −2), ‖x‖²/2 = 1: e/√2 [cos 1, cos 2, sin 1, −sin 2].
  RandomFourier<double> kernel(2);
  kernel.omega = M{{1, 0}, {0, 2}};
  const M phi = column({1.0385234444021102, -0.79988229066239256, 1.6174044345470623, -1.7477746910142648});
  EXPECT_TRUE(agree(features(kernel, column({1, -1})), phi, kLastBits));
}

TEST(RandomFourier, ScalesKeysByTheFourthRootOfTheirSize) {
  // d = 16: d^{-1/4} = 1/2, so x = 2e_0 becomes e_0; ω = 3e_0 gives ωᵀx = 3, ‖x‖²/2 = ½: √e [cos 3, sin 3].
  RandomFourier<double> kernel(1);
  kernel.scaled = true;
  kernel.omega = 3 * M::Identity(16, 1);
  const M phi = column({-1.6322216869786787, 0.23266755900967661});
  EXPECT_TRUE(agree(features(kernel, M(2 * M::Identity(16, 1))), phi, kLastBits));
}

TEST(RandomFourier, TurnsACosineIntoASine) {
  // Lifted (x, h) = (1, 0): φ = √e (1, 0). By x φ is x φ; by h the cosine is −sin 0 = 0 and the sine √e cos 0.
  RandomFourier<double> kernel(1);
  const M lifted = column({1, 0});
  EXPECT_TRUE(agree(gradient_of_feature(kernel, lifted, 0), column({1.6487212707001281, 0}), kLastBits));
  EXPECT_TRUE(agree(gradient_of_feature(kernel, lifted, 1), column({0, 1.6487212707001281}), kLastBits));
}

TEST(RandomFourier, HasFeaturesOfAKnownLength) {
  // cos² + sin² = 1 for every ω: ‖φ(x)‖² = exp(‖x‖²), whatever is drawn.
  RandomFourier<double> kernel(7);
  Stream stream(13, Purpose::test, 0);
  kernel.draw(5, stream);
  const M x = reference::normal(5, 4, 72), phi = features(kernel, x);
  for (Index t = 0; t < x.cols(); ++t) {
    const double expected = std::exp(x.col(t).squaredNorm());
    EXPECT_NEAR(phi.col(t).squaredNorm(), expected, 1e-13 * expected);  // rounding of an exponent of size ~10
  }
}

TEST(RandomFourier, IsUnbiasedForTheSoftmaxKernel) {
  // E φ(q)·φ(k) = exp(q·k), or exp(q·k/√d) if scaled. The streams are fixed; 4 standard errors leave a correct version
  // a chance of 6e-5 a check to have failed when the seed was chosen.
  for (const Index d : {1, 5})
    for (const bool scaled : {false, true})
      for (const double cosine : {0.8, -0.8}) {
        RandomFourier<double> kernel(4);
        kernel.scaled = scaled;
        M x = reference::normal(d, 2, 73);
        x.col(0) *= 0.9 / x.col(0).norm();
        x.col(1) = cosine * x.col(0) + 0.3 * x.col(1) / x.col(1).norm();
        const double dot = x.col(0).dot(x.col(1));
        const double expected = std::exp(scaled ? dot / std::sqrt(static_cast<double>(d)) : dot);
        theory::Sample estimate;
        for (std::uint64_t i = 0; i < 8000; ++i) {
          Stream stream(14, Purpose::test, i);
          kernel.draw(d, stream);
          const M phi = features(kernel, x);
          estimate(phi.col(0).dot(phi.col(1)));
        }
        EXPECT_NEAR(estimate.mean(), expected, 4 * estimate.standard_error())
            << "d = " << d << ", scaled " << scaled << ", q·k = " << dot;
        EXPECT_LT(estimate.standard_error(), 0.03 * expected) << "the check says something";
      }
}

TEST(L2, DividesByTheLength) {
  // x = (3, 4): over √25.000001; φ_0 by x_0 is 1/n − 9/n³, by x_1 −12/n³.
  const M x = column({3, 4});
  EXPECT_TRUE(agree(features(L2<double>(), x), column({0.59999998800000036, 0.79999998400000048}), kLastBits));
  const M gradient = column({0.1280000003199999, -0.095999994240000288});
  EXPECT_TRUE(agree(gradient_of_feature(L2<double>(), x, 0), gradient, 4 * kLastBits));  // 1 − 0.36, in ulps of 1
}

TEST(L2, IsLinearNearZero) {
  // ‖x‖² = ε gives 1/√2; at 0 the divisor is √ε = 1e-3.
  EXPECT_TRUE(agree(features(L2<double>(), column({1e-3, 0})), column({0.7071067811865475, 0}), kLastBits));
  EXPECT_EQ(features(L2<double>(), column({0, 0})), column({0, 0}));
  EXPECT_TRUE(agree(gradient_of_feature(L2<double>(), column({0, 0}), 1), column({0, 1000}), kLastBits));
}

TEST(SiluL2, DividesSiluByItsLength) {
  // x = (ln 3, −ln 3): σ = ¾, ¼; y = ln 3 (¾, −¼), so φ is (3, −1)/√10 but for ε. SiLU' = σ (1 + x (1 − σ)).
  const M x = column({1.0986122886681098, -1.0986122886681098});
  EXPECT_TRUE(agree(features(SiluL2<double>(), x), column({0.94868266923694462, -0.31622755641231487}), 2 * kLastBits));
  const M gradient = column({0.11007119787917452, 0.015201597571181211});
  EXPECT_TRUE(agree(gradient_of_feature(SiluL2<double>(), x, 0), gradient, 2e-14));  // 1 − 0.9, in ulps of 1
}

TEST(SiluL2, HalvesKeysNearZeroAndDropsVeryNegativeOnes) {
  EXPECT_EQ(features(SiluL2<double>(), column({0, 0})), column({0, 0}));
  EXPECT_TRUE(agree(gradient_of_feature(SiluL2<double>(), column({0, 0}), 0), column({500, 0}), kLastBits));
  const M x = column({-1e5, 1e5});  // an exponential of either size may not make a NaN
  EXPECT_TRUE(agree(features(SiluL2<double>(), x), column({0, 1}), kLastBits));
  EXPECT_TRUE(gradient_of_feature(SiluL2<double>(), x, 0).allFinite());
}

TEST(SoftmaxFeature, IsAShareOfExponentials) {
  // x = (0, ln 2, ln 5): exponentials 1, 2, 5 of 8. φ_1 by x: ¼ (−⅛, ¾, −⅝).
  const M x = column({0, 0.6931471805599453, 1.6094379124341003});
  EXPECT_TRUE(agree(features(SoftmaxFeature<double>(), x), column({0.125, 0.25, 0.625}), kLastBits));
  const M gradient = column({-0.03125, 0.1875, -0.15625});
  EXPECT_TRUE(agree(gradient_of_feature(SoftmaxFeature<double>(), x, 1), gradient, kLastBits));
}

TEST(SoftmaxFeature, TakesNoExponentialThatOverflows) {
  EXPECT_EQ(features(SoftmaxFeature<double>(), column({1e4, 1e4})), column({0.5, 0.5}));
  EXPECT_EQ(features(SoftmaxFeature<double>(), column({-1e4, -1e4})), column({0.5, 0.5}));
  // Eigen's exp ends at the smallest double, not at 0.
  EXPECT_TRUE(agree(features(SoftmaxFeature<double>(), column({1e4, -1e4})), column({1, 0}), kLastBits));
}

TEST(Hedgehog, StartsAsASoftmaxOfBothSigns) {
  // x = ½ (ln 2, ln 3): ±2x gives exponentials 2, 3, 1/2, 1/3, of 35/6.
  Hedgehog<double> kernel;
  kernel.start(2);
  const M x = column({0.34657359027997264, 0.54930614433405489});
  EXPECT_TRUE(agree(features(kernel, x), column({12. / 35, 18. / 35, 3. / 35, 2. / 35}), 2 * kLastBits));
  // φ_0 by 2y is φ_0 (1 − φ_0) + φ_0 φ_2, −φ_0 φ_1 + φ_0 φ_3: 12 (23 + 3)/35² and 12 (−18 + 2)/35², twice each by y.
  EXPECT_TRUE(agree(gradient_of_feature(kernel, x, 0), column({624. / 1225, -384. / 1225}), 2 * kLastBits));
}

TEST(Hedgehog, MapsTheKeyByItsParametersFirst) {
  // A = [1 1; 0 2], b = (0, ln 3/2): x = (½ ln 2, 0) is y = ½ (ln 2, ln 3), as above.
  Hedgehog<double> kernel;
  kernel.start(2);
  kernel.A.value << 1, 1, 0, 2;
  kernel.b.value << 0, 0.54930614433405489;
  const M x = column({0.34657359027997264, 0});
  EXPECT_TRUE(agree(features(kernel, x), column({12. / 35, 18. / 35, 3. / 35, 2. / 35}), 2 * kLastBits));
  // dφ_0 = (dy) g with g = (624, −384)/1225:  dA = g xᵀ, db = g.
  const M g = gradient_of_feature(kernel, lifted<double>(kernel, x), 0);
  kernel.lift_learn(x, g);
  kernel.learn(g);
  EXPECT_TRUE(agree(kernel.A.gradient, M(column({624. / 1225, -384. / 1225}) * x.transpose()), 2 * kLastBits));
  EXPECT_TRUE(agree(kernel.b.gradient, column({624. / 1225, -384. / 1225}), 2 * kLastBits));
}

TEST(Hedgehog, TakesNoExponentialThatOverflows) {
  Hedgehog<double> kernel;
  kernel.start(1);
  EXPECT_TRUE(agree(features(kernel, column({1e4})), column({1, 0}), kLastBits));
  EXPECT_TRUE(agree(features(kernel, column({-1e4})), column({0, 1}), kLastBits));
}

TEST(Kernels, RefuseNoFrequencies) {
  for (const int m : {0, -1}) {
    try {
      RandomFourier<double> kernel(m);
      FAIL() << "no error";
    } catch (const ConfigurationError& error) {
      EXPECT_EQ(std::string(error.what()), fmt::format("kernel 'rff:{}': m must be at least 1", m));
    }
  }
}

TEST(Kernels, KnowTheirFeatureDimToo) {
  for (const Index d : {1, 5, 63}) {
    EXPECT_EQ(Relu2<double>().feature_dim(d), d);
    EXPECT_EQ(L2<double>().feature_dim(d), d);
    EXPECT_EQ(SiluL2<double>().feature_dim(d), d);
    EXPECT_EQ(SoftmaxFeature<double>().feature_dim(d), d);
    EXPECT_EQ(Hedgehog<double>().feature_dim(d), 2 * d);
    EXPECT_EQ(RandomFourier<double>(5).feature_dim(d), 10);
  }
  EXPECT_EQ(RandomFourier<double>(2'000'000'004).feature_dim(5), 4'000'000'008);  // more than an int holds
  EXPECT_EQ(Taylor<double>().feature_dim(1), 3);
  EXPECT_EQ(Taylor<double>().feature_dim(5), 21);
  EXPECT_EQ(Taylor<double>().feature_dim(64), 2145);
}

}  // namespace
}  // namespace palimpsest
