#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "laws/kernels.hpp"
#include "reference/agree.hpp"
#include "reference/dense.hpp"
#include "reference/kernels.hpp"
#include "reference/random.hpp"

namespace palimpsest::laws {
namespace {

using reference::agree;
using reference::features;
using reference::Instance;
using reference::PoisonedWindow;
using M = Matrix<double>;

INSTANTIATE_TEST_SUITE_P(, KernelLaws, testing::ValuesIn(reference::names<Kernels<double>>()), reference::test_name);

TEST_P(KernelLaws, MeetsTheConcept) {
  Kernels<double>::for_each([]<class K>() { static_assert(Kernel<K, double>); });
  for_all([](const KernelVariant& kernel, Index d) {
    EXPECT_GE(reference::feature_dim(kernel, d), 1);
    EXPECT_GE(lifted_dim(kernel, d), d);
  });
}

TEST_P(KernelLaws, FeaturesAreNonnegativeExactlyIfItSaysSo) {
  for_all([](const KernelVariant& kernel, Index d) {
    const M phi = features(kernel, M(2 * reference::normal(d, 200, 1)));
    EXPECT_EQ(phi.minCoeff() >= 0, reference::is_nonnegative(kernel)) << "smallest feature " << phi.minCoeff();
  });
}

TEST_P(KernelLaws, ForwardOverwritesItsOutputAndNothingElse) {
  for_all([](const KernelVariant& kernel, Index d) {
    for (const Index n : {1, 3}) {
      const M x = lifted(kernel, reference::normal(d, n, 2));
      PoisonedWindow<double> in(x.rows(), n), out(reference::feature_dim(kernel, d), n);
      in.view() = x;
      forward(kernel, in.view(), out.view());
      EXPECT_TRUE(out.in_bounds());
      M contiguous(reference::feature_dim(kernel, d), n);
      forward(kernel, x, contiguous);
      // The same entries may fall in vector or scalar code, whose exponentials differ in the last bits.
      EXPECT_TRUE(agree(out.value(), contiguous, 1e-14));
    }
  });
}

TEST_P(KernelLaws, TreatsEachTokenAlone) {
  for_all([](const KernelVariant& kernel, Index d) {
    const M x = reference::normal(d, 7, 3), together = features(kernel, x);
    for (Index t = 0; t < x.cols(); ++t)
      // A product of matrices and one of a matrix and a vector sum in another order: rounding of d terms.
      EXPECT_TRUE(agree(together.col(t), features(kernel, M(x.col(t))), 1e-13));
  });
}

TEST_P(KernelLaws, BackwardIsTheGradient) {
  for_all([](const KernelVariant& kernel, Index d) {
    const Index n = 3;
    M x = lifted(kernel, reference::away_from_zero(d, n, 4));
    const M weights = reference::normal(reference::feature_dim(kernel, d), n, 5);
    M phi(weights.rows(), n), dx = M::Zero(x.rows(), n);
    forward(kernel, x, phi);
    backward(kernel, x, phi, weights, dx);
    for (Index t = 0; t < n; ++t) {  // features of different tokens may differ by orders of magnitude
      M column = x.col(t), feature(phi.rows(), 1);
      const M expected = reference::central_differences(
          [&] {
            forward(kernel, column, feature);
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

TEST_P(KernelLaws, BackwardAddsToItsOutputAndNothingElse) {
  for_all([](const KernelVariant& kernel, Index d) {
    const M x = lifted(kernel, reference::away_from_zero(d, 3, 6)),
            dphi = reference::normal(reference::feature_dim(kernel, d), 3, 7);
    M phi(dphi.rows(), 3), once = M::Zero(x.rows(), 3);
    forward(kernel, x, phi);
    backward(kernel, x, phi, dphi, once);
    const M before = reference::normal(x.rows(), 3, 8);
    PoisonedWindow<double> dx(x.rows(), 3);
    dx.view() = before;
    backward(kernel, x, phi, dphi, dx.view());
    EXPECT_TRUE(dx.in_bounds());
    EXPECT_TRUE(agree(dx.value(), before + once, 1e-14));  // one rounding of a sum
  });
}

TEST_P(KernelLaws, ForgetsFeaturesIfItSaysSo) {
  if (!forgets_features(any())) GTEST_SKIP() << "its backward reads its features";
  for_all([](const KernelVariant& kernel, Index d) {
    const M x = lifted(kernel, reference::away_from_zero(d, 3, 6)),
            dphi = reference::normal(reference::feature_dim(kernel, d), 3, 7);
    M phi(dphi.rows(), 3), remembering = M::Zero(x.rows(), 3), forgetting = remembering;
    forward(kernel, x, phi);
    backward(kernel, x, phi, dphi, remembering);
    backward(kernel, x, M::Constant(phi.rows(), 3, std::numeric_limits<double>::quiet_NaN()), dphi, forgetting);
    EXPECT_EQ(forgetting, remembering);
  });
}

template <class T>
void expect_nan_spreads(const typename Kernels<T>::Variant& kernel, Index d) {
  for (Index i = 0; i < d; ++i) {  // each coordinate: some fall in vector and some in scalar code
    Matrix<T> x = reference::safely_positive(d, 3, 9).cast<T>();
    x(i, 1) = std::numeric_limits<T>::quiet_NaN();
    const Matrix<T> phi = features(kernel, x);
    EXPECT_TRUE(phi.col(1).hasNaN()) << "coordinate " << i;
    EXPECT_TRUE(phi.col(0).allFinite() && phi.col(2).allFinite()) << "coordinate " << i;
  }
}

TEST_P(KernelLaws, ANanInGivesANanOutInItsColumnOnly) {
  for_all_instances([](const Instance& instance, Index d) {
    expect_nan_spreads<double>(instance.kernel, d);
    expect_nan_spreads<float>(instance.single, d);
  });
}

TEST_P(KernelLaws, FloatAgreesWithDouble) {
  for_all_instances([](const Instance& instance, Index d) {
    const Matrix<float> x = reference::away_from_zero(d, 4, 10).cast<float>();
    const Matrix<float> phi = features(instance.single, x);
    const M expected = features(instance.rounded, x.cast<double>());
    // An exponent of size up to 30 keeps 30 · 2⁻²⁴ ≈ 2e-6 of its value, and the exponential as much relatively.
    for (Index t = 0; t < x.cols(); ++t) EXPECT_TRUE(agree(phi.col(t), expected.col(t), 1e-5));
  });
}

}  // namespace
}  // namespace palimpsest::laws
