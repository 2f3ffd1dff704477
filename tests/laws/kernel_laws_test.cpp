#include <gtest/gtest.h>

#include <limits>

#include "laws/components.hpp"
#include "reference/agree.hpp"
#include "reference/dense.hpp"
#include "reference/random.hpp"

namespace palimpsest {
namespace {

using reference::agree;
using reference::PoisonedWindow;
using M = Matrix<double>;

constexpr Index kSizes[] = {1, 5, 63};

template <class K>
class KernelLaws : public testing::Test {
 protected:
  /// Calls f(kernel, d) for every instance and size.
  template <class F>
  void for_all(F&& f) {
    for (const Index d : kSizes)
      for (const auto& instance : laws::instances<K>(d)) {
        SCOPED_TRACE(instance.label);
        f(instance.kernel, d);
      }
  }
};

TYPED_TEST_SUITE(KernelLaws, laws::TestTypes<Kernels<double>>, laws::ByName);

TYPED_TEST(KernelLaws, MeetsTheConcept) {
  static_assert(Kernel<TypeParam, double>);
  this->for_all([](const auto& kernel, Index d) {
    EXPECT_GE(kernel.feature_dim(d), 1);
    EXPECT_GE((lifted_dim<double>(kernel, d)), d);
  });
}

TYPED_TEST(KernelLaws, FeaturesAreNonnegativeExactlyIfItSaysSo) {
  this->for_all([](const auto& kernel, Index d) {
    const M phi = features(kernel, M(2 * reference::normal(d, 200, 1)));
    EXPECT_EQ(phi.minCoeff() >= 0, TypeParam::nonnegative) << "smallest feature " << phi.minCoeff();
  });
}

TYPED_TEST(KernelLaws, ForwardOverwritesItsOutputAndNothingElse) {
  this->for_all([](const auto& kernel, Index d) {
    for (const Index n : {1, 3}) {
      const M x = lifted<double>(kernel, reference::normal(d, n, 2));
      PoisonedWindow<double> in(x.rows(), n), out(kernel.feature_dim(d), n);
      in.view() = x;
      kernel.forward(in.view(), out.view());
      EXPECT_TRUE(out.in_bounds());
      M contiguous(kernel.feature_dim(d), n);
      kernel.forward(x, contiguous);
      // The same entries may fall in vector or scalar code, whose exponentials differ in the last bits.
      EXPECT_TRUE(agree(out.value(), contiguous, 1e-14));
    }
  });
}

TYPED_TEST(KernelLaws, TreatsEachTokenAlone) {
  this->for_all([](const auto& kernel, Index d) {
    const M x = reference::normal(d, 7, 3), together = features(kernel, x);
    for (Index t = 0; t < x.cols(); ++t)
      // A product of matrices and one of a matrix and a vector sum in another order: rounding of d terms.
      EXPECT_TRUE(agree(together.col(t), features(kernel, M(x.col(t))), 1e-13));
  });
}

TYPED_TEST(KernelLaws, BackwardIsTheGradient) {
  this->for_all([](const auto& kernel, Index d) {
    const Index n = 3;
    M x = lifted<double>(kernel, reference::away_from_zero(d, n, 4));
    const M weights = reference::normal(kernel.feature_dim(d), n, 5);
    M phi(weights.rows(), n), dx = M::Zero(x.rows(), n);
    kernel.forward(x, phi);
    kernel.backward(x, phi, weights, dx);
    for (Index t = 0; t < n; ++t) {  // features of different tokens may differ by orders of magnitude
      M column = x.col(t), feature(phi.rows(), 1);
      const M expected = reference::central_differences(
          [&] {
            kernel.forward(column, feature);
            return feature.cwiseProduct(weights.col(t)).sum();
          },
          column);
      // h² times third derivatives, which go up to the cube of a random projection (~5), and rounding over h. Where the
      // gradient is 0 (one entry divided by itself) both are rounding.
      EXPECT_TRUE(agree(dx.col(t), expected, 1e-7) || (dx.col(t) - expected).cwiseAbs().maxCoeff() < 1e-10)
          << agree(dx.col(t), expected, 1e-7).message();
    }
  });
}

TYPED_TEST(KernelLaws, BackwardAddsToItsOutputAndNothingElse) {
  this->for_all([](const auto& kernel, Index d) {
    const M x = lifted<double>(kernel, reference::away_from_zero(d, 3, 6)),
            dphi = reference::normal(kernel.feature_dim(d), 3, 7);
    M phi(dphi.rows(), 3), once = M::Zero(x.rows(), 3);
    kernel.forward(x, phi);
    kernel.backward(x, phi, dphi, once);
    const M before = reference::normal(x.rows(), 3, 8);
    PoisonedWindow<double> dx(x.rows(), 3);
    dx.view() = before;
    kernel.backward(x, phi, dphi, dx.view());
    EXPECT_TRUE(dx.in_bounds());
    EXPECT_TRUE(agree(dx.value(), before + once, 1e-14));  // one rounding of a sum
  });
}

template <class T, class K>
void expect_nan_spreads(const K& kernel, Index d) {
  for (Index i = 0; i < d; ++i) {  // each coordinate: some fall in vector and some in scalar code
    Matrix<T> x = reference::safely_positive(d, 3, 9).cast<T>();
    x(i, 1) = std::numeric_limits<T>::quiet_NaN();
    const Matrix<T> phi = features(kernel, x);
    EXPECT_TRUE(phi.col(1).hasNaN()) << "coordinate " << i;
    EXPECT_TRUE(phi.col(0).allFinite() && phi.col(2).allFinite()) << "coordinate " << i;
  }
}

TYPED_TEST(KernelLaws, ANanInGivesANanOutInItsColumnOnly) {
  for (const Index d : kSizes)
    for (const auto& instance : laws::instances<TypeParam>(d)) {
      SCOPED_TRACE(instance.label);
      expect_nan_spreads<double>(instance.kernel, d);
      laws::with_float(instance, [&](const auto& single) { expect_nan_spreads<float>(single, d); });
    }
}

TYPED_TEST(KernelLaws, FloatAgreesWithDouble) {
  for (const Index d : kSizes)
    for (const auto& instance : laws::instances<TypeParam>(d)) {
      SCOPED_TRACE(instance.label);
      const Matrix<float> x = reference::away_from_zero(d, 4, 10).cast<float>();
      const M expected = features(laws::rounded(instance.kernel), M(x.cast<double>()));
      laws::with_float(instance, [&](const auto& single) {
        const Matrix<float> phi = features(single, x);
        // An exponent of size up to 30 keeps 30 · 2⁻²⁴ ≈ 2e-6 of its value, and the exponential as much relatively.
        for (Index t = 0; t < x.cols(); ++t) EXPECT_TRUE(agree(phi.col(t), expected.col(t), 1e-5));
      });
    }
}

TYPED_TEST(KernelLaws, ContractionIsTheProductWithItsFeatures) {
  this->for_all([](const auto& kernel, Index d) {
    if constexpr (ContractingKernel<TypeParam, double>) {
      const Index n = 17;  // more than are treated together
      const M x = lifted<double>(kernel, reference::normal(d, n, 16));
      const M u = reference::normal(kernel.feature_dim(d), 1, 17), dc = reference::normal(n, 1, 18);
      M phi(u.rows(), n), c(n, 1);
      kernel.forward(x, phi);
      kernel.contract(x, u.col(0), c.col(0));
      EXPECT_TRUE(agree(c, phi.transpose() * u, 1e-13));  // sums of p terms in another order
      M dx = reference::normal(d, n, 19), du = reference::normal(u.rows(), 1, 20);
      M expected_dx = dx;
      kernel.backward(x, phi, M(u * dc.transpose()), expected_dx);
      const M expected_du = du + phi * dc;
      kernel.contract_backward(x, u.col(0), dc.col(0), dx, du.col(0));
      EXPECT_TRUE(agree(dx, expected_dx, 1e-13));
      EXPECT_TRUE(agree(du, expected_du, 1e-13));
    }
  });
}

TYPED_TEST(KernelLaws, LiftIsLinear) {
  this->for_all([](const auto& kernel, Index d) {
    if constexpr (LiftingKernel<TypeParam, double>) {
      const M x = reference::normal(d, 3, 11), y = reference::normal(d, 3, 12);
      PoisonedWindow<double> sum(kernel.lifted_dim(d), 3);
      kernel.lift(M(2 * x - 3 * y), sum.view());
      EXPECT_TRUE(sum.in_bounds());
      // Rounding of d terms.
      EXPECT_TRUE(agree(sum.value(), 2 * lifted<double>(kernel, x) - 3 * lifted<double>(kernel, y), 1e-13));
    } else {
      EXPECT_EQ((lifted_dim<double>(kernel, d)), d);
    }
  });
}

TYPED_TEST(KernelLaws, LiftBackwardIsTheAdjointOfLift) {
  this->for_all([](const auto& kernel, Index d) {
    if constexpr (LiftingKernel<TypeParam, double>) {
      const M identity = M::Identity(d, d), P = lifted<double>(kernel, identity);  // d̃×d
      const M dlifted = reference::normal(P.rows(), 3, 13), before = reference::normal(d, 3, 14);
      PoisonedWindow<double> dx(d, 3);
      dx.view() = before;
      kernel.lift_backward(dlifted, dx.view());
      EXPECT_TRUE(dx.in_bounds());
      EXPECT_TRUE(agree(dx.value(), before + P.transpose() * dlifted, 1e-13));  // rounding of d̃ terms
    }
  });
}

TYPED_TEST(KernelLaws, LearnsByTheGradientOfItsParameters) {
  this->for_all([](const auto& made, Index d) {
    if constexpr (LearntKernel<TypeParam, double>) {
      auto kernel = made;
      const Index n = 3;
      const M x = reference::away_from_zero(d, n, 21), weights = reference::normal(kernel.feature_dim(d), n, 22);
      const M tokens = lifted<double>(kernel, x);
      M phi(weights.rows(), n), dtokens = M::Zero(tokens.rows(), n);
      kernel.forward(tokens, phi);
      kernel.backward(tokens, phi, weights, dtokens);
      for (auto* parameter : kernel.parameters()) parameter->gradient.setZero();
      for (int pass = 0; pass < 2; ++pass) {  // it adds
        kernel.lift_learn(x, dtokens);
        kernel.learn(dtokens);
      }
      for (auto* parameter : kernel.parameters()) {
        const M expected = reference::central_differences(
            [&] { return features<double>(kernel, x).cwiseProduct(weights).sum(); }, parameter->value);
        EXPECT_TRUE(agree(parameter->gradient, 2 * expected, 1e-7) ||
                    (parameter->gradient - 2 * expected).cwiseAbs().maxCoeff() < 1e-10)
            << parameter->name << ": " << agree(parameter->gradient, 2 * expected, 1e-7).message();
      }
    }
  });
}

TYPED_TEST(KernelLaws, StartsWithParametersForKeysOfItsSize) {
  if constexpr (LearntKernel<TypeParam, double>)
    for (const Index d : kSizes) {
      TypeParam kernel;
      kernel.start(d);
      for (const auto* parameter : kernel.parameters()) {
        EXPECT_TRUE(parameter->value.allFinite()) << parameter->name;
        EXPECT_EQ(parameter->gradient.rows(), parameter->value.rows()) << parameter->name;
        EXPECT_EQ(parameter->gradient.cols(), parameter->value.cols()) << parameter->name;
      }
      EXPECT_EQ(features<double>(kernel, reference::normal(d, 2, 23)).rows(), kernel.feature_dim(d));
    }
}

TYPED_TEST(KernelLaws, RandomFeaturesAreAFunctionOfTheirStream) {
  if constexpr (RandomKernel<TypeParam, double>) {
    const Index d = 5;
    auto kernel = laws::instances<TypeParam>(d).back().kernel;
    const M x = reference::normal(d, 3, 15);
    const auto drawn = [&](std::uint64_t index) {
      Stream stream(1, Purpose::test, index);
      kernel.draw(d, stream);
      return features(kernel, x);
    };
    const M first = drawn(0), other = drawn(1);
    EXPECT_EQ(drawn(0), first);
    EXPECT_NE(other, first);
  }
}

}  // namespace
}  // namespace palimpsest
