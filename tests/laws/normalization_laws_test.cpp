#include <fmt/format.h>
#include <gtest/gtest.h>

#include <limits>

#include "laws/components.hpp"
#include "palimpsest/normalization/all.hpp"
#include "reference/agree.hpp"
#include "reference/dense.hpp"
#include "reference/random.hpp"

namespace palimpsest {
namespace {

using reference::agree;
using reference::PoisonedWindow;
using M = Matrix<double>;

constexpr Index kSizes[] = {2, 5, 63};
constexpr double kEpsilons[] = {0, kReadOutEpsilon, 0.5};  // 0.5 shows an ε that is forgotten

/// Positive features.
M positive(Index p, Index n) { return reference::away_from_zero(p, n, 20).cwiseAbs(); }

template <class N>
class NormalizationLaws : public testing::Test {
 protected:
  static M mapped(const M& raw, double epsilon) {
    M phi(raw.rows(), raw.cols());
    Vector<double> scale(raw.cols());
    N().forward(raw, phi, scale, epsilon);
    return phi;
  }
};

TYPED_TEST_SUITE(NormalizationLaws, laws::TestTypes<Normalizations<double>>, laws::ByName);

TYPED_TEST(NormalizationLaws, MeetsTheConcept) { static_assert(Normalization<TypeParam, double>); }

TYPED_TEST(NormalizationLaws, ChangesTokensExactlyIfItSaysSo) {
  for (const Index p : kSizes)
    for (const double epsilon : kEpsilons) {
      const M raw = positive(p, 4);
      EXPECT_EQ(this->mapped(raw, epsilon) != raw, TypeParam::traits.maps_tokens) << "p = " << p << ", ε = " << epsilon;
    }
}

TYPED_TEST(NormalizationLaws, MapsAsTheDenseReference) {
  for (const Index p : kSizes)
    for (const double epsilon : kEpsilons) {
      const M raw = positive(p, 4), phi = this->mapped(raw, epsilon);
      for (Index t = 0; t < raw.cols(); ++t)
        EXPECT_TRUE(agree(phi.col(t), reference::normalized(TypeParam::name, raw.col(t), epsilon), 1e-13));
    }
}

TYPED_TEST(NormalizationLaws, TakesATokensScaleOutExactlyIfItSaysSo) {
  constexpr bool scale_free = TypeParam::traits.scale_free;
  EXPECT_EQ(reference::is_scale_free(TypeParam::name), scale_free);
  for (const Index p : kSizes) {
    const M raw = positive(p, 4);
    EXPECT_EQ(agree(this->mapped(3 * raw, 0), this->mapped(raw, 0), 1e-14), scale_free) << "p = " << p;
  }
}

TYPED_TEST(NormalizationLaws, TreatsEachTokenAlone) {
  for (const Index p : kSizes) {
    const M raw = positive(p, 4), together = this->mapped(raw, kReadOutEpsilon);
    for (Index t = 0; t < raw.cols(); ++t)
      EXPECT_TRUE(
          agree(this->mapped(raw.col(t), kReadOutEpsilon), together.col(t), 1e-14));  // alignment of a vector sum
  }
}

TYPED_TEST(NormalizationLaws, BackwardIsTheGradient) {
  for (const Index p : kSizes)
    for (const double epsilon : kEpsilons) {
      SCOPED_TRACE(fmt::format("p = {}, ε = {}", p, epsilon));
      M raw = positive(p, 3);
      const M weights = reference::normal(p, 3, 21);
      M phi(p, 3), dphi = weights;
      Vector<double> scale(3);
      TypeParam().forward(raw, phi, scale, epsilon);
      TypeParam().backward(raw, phi, scale, dphi);
      const M expected =
          reference::central_differences([&] { return this->mapped(raw, epsilon).cwiseProduct(weights).sum(); }, raw);
      // A single feature divided by itself has no gradient: then both are rounding, of values ~1 over h.
      EXPECT_TRUE(agree(dphi, expected, 1e-8) || (dphi - expected).cwiseAbs().maxCoeff() < 1e-10)
          << "off by " << (dphi - expected).cwiseAbs().maxCoeff();
    }
}

TYPED_TEST(NormalizationLaws, ForgetsFeaturesIfItSaysSo) {
  if constexpr (!TypeParam::traits.forgets_features) {
    GTEST_SKIP() << "its backward reads what was normalised";
  } else {
    const M raw = positive(63, 3), nothing = M::Constant(63, 3, std::numeric_limits<double>::quiet_NaN());
    M phi(63, 3), remembering = reference::normal(63, 3, 21), forgetting = remembering;
    Vector<double> scale(3);
    TypeParam().forward(raw, phi, scale, kReadOutEpsilon);
    TypeParam().backward(raw, phi, scale, remembering);
    TypeParam().backward(nothing, phi, scale, forgetting);
    EXPECT_EQ(forgetting, remembering);
  }
}

// Else the law above would be skipped for all of them, and say nothing.
TEST(NormalizationLawsOfSome, ApplyToANormalization) {
  int forgetting = 0;
  Normalizations<double>::for_each([&]<class N>() { forgetting += N::traits.forgets_features; });
  EXPECT_GE(forgetting, 1);
}

TYPED_TEST(NormalizationLaws, StaysInItsWindow) {
  for (const Index p : kSizes) {
    PoisonedWindow<double> phi(p, 3), dphi(p, 3);
    const M raw = positive(p, 3);
    dphi.view() = reference::normal(p, 3, 22);
    Vector<double> scale(3);
    TypeParam().forward(raw, phi.view(), scale, kReadOutEpsilon);
    TypeParam().backward(raw, phi.view(), scale, dphi.view());
    EXPECT_TRUE(phi.in_bounds());
    EXPECT_TRUE(dphi.in_bounds());
  }
}

}  // namespace
}  // namespace palimpsest
