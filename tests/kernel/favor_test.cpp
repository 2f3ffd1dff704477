// Ω and the estimate of the softmax kernel. All streams are fixed; a tolerance of 4.5 standard errors leaves a correct
// version a chance of 7e-6 a check to have failed when the seed was chosen.
#include "palimpsest/kernel/favor.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "reference/random.hpp"
#include "theory/gaussian.hpp"

namespace palimpsest {
namespace {

using theory::Sample;
using M = Matrix<double>;

constexpr double kErrors = 4.5;

M draw(Index d, Index m, std::uint64_t index) {
  Stream stream(11, Purpose::test, index);
  return orthogonal_gaussian<double>(d, m, stream);
}

TEST(OrthogonalGaussian, ColumnsOfABlockAreOrthogonal) {
  for (const Index d : {1, 5, 63})
    for (const Index m : {Index{1}, d, d + 2, 3 * d - 1}) {
      const M omega = draw(d, m, 0);
      ASSERT_EQ(omega.rows(), d);
      ASSERT_EQ(omega.cols(), m);
      const M gram = omega.transpose() * omega;
      for (Index i = 0; i < m; ++i)
        for (Index j = 0; j < i; ++j)
          if (i / d == j / d) {
            EXPECT_NEAR(gram(i, j), 0, 1e-13 * static_cast<double>(d)) << d << "×" << m << ": " << i << ", " << j;
          } else if (d > 1) {
            EXPECT_GT(std::abs(gram(i, j)), 1e-9) << "blocks are independent: " << i << ", " << j;
          }
    }
}

TEST(OrthogonalGaussian, NormsAreChiDistributed) {
  // ‖ω‖² is χ² with d degrees of freedom: mean d, mean square d(d + 2); orthonormal columns would have 1 and 1.
  for (const Index d : {1, 5, 63}) {
    Sample square, fourth;
    for (std::uint64_t i = 0; i < (d == 63 ? 60u : 4000u); ++i) {
      const M omega = draw(d, d, i);
      const double first = omega.col(0).squaredNorm(), last = omega.col(d - 1).squaredNorm();
      for (const double s : {first, last}) square(s), fourth(s * s);
    }
    const auto n = static_cast<double>(d);
    EXPECT_NEAR(square.mean(), n, kErrors * square.standard_error()) << "d = " << d;
    EXPECT_NEAR(fourth.mean(), n * (n + 2), kErrors * fourth.standard_error()) << "d = " << d;
  }
}

TEST(OrthogonalGaussian, NoDirectionIsPreferred) {
  // Every entry has mean 0 and variance 1, in every column. A QR decomposition leaves the signs of Q's columns biased
  // unless R's diagonal is made positive: one-sided features would then be biased.
  for (const Index d : {1, 3}) {
    const Index m = 2 * d - d / 2;  // a short last block
    std::vector<Sample> entry(d * m), square(d * m);
    for (std::uint64_t i = 0; i < 10000; ++i) {
      const M omega = draw(d, m, i);
      for (Index j = 0; j < omega.size(); ++j) entry[j](omega(j)), square[j](omega(j) * omega(j));
    }
    for (Index j = 0; j < d * m; ++j) {
      EXPECT_NEAR(entry[j].mean(), 0, kErrors * entry[j].standard_error()) << "d = " << d << ", entry " << j;
      EXPECT_NEAR(square[j].mean(), 1, kErrors * square[j].standard_error()) << "d = " << d << ", entry " << j;
    }
  }
}

template <class K>
class FavorEstimate : public testing::Test {};
using Estimators = testing::Types<Favor<double>, FavorOnesided<double>>;
TYPED_TEST_SUITE(FavorEstimate, Estimators);

TYPED_TEST(FavorEstimate, IsUnbiasedForTheSoftmaxKernel) {
  // E φ(q)·φ(k) = exp(q·k), or exp(q·k/√d) if scaled. Without ‖x‖²/2 it would be exp(‖q + k‖²/2).
  for (const Index d : {1, 5})
    for (const bool scaled : {false, true})
      for (const double cosine : {0.8, -0.8}) {
        TypeParam kernel(4);
        kernel.scaled = scaled;
        M x = reference::normal(d, 2, 40);
        x.col(0) *= 0.9 / x.col(0).norm();
        x.col(1) = cosine * x.col(0) + 0.3 * x.col(1) / x.col(1).norm();
        const double dot = x.col(0).dot(x.col(1));
        const double expected = std::exp(scaled ? dot / std::sqrt(static_cast<double>(d)) : dot);
        Sample estimate;
        for (std::uint64_t i = 0; i < 8000; ++i) {
          Stream stream(12, Purpose::test, i);
          kernel.draw(d, stream);
          const M phi = features(kernel, x);
          estimate(phi.col(0).dot(phi.col(1)));
        }
        EXPECT_NEAR(estimate.mean(), expected, kErrors * estimate.standard_error())
            << "d = " << d << ", scaled " << scaled << ", q·k = " << dot;
        EXPECT_LT(estimate.standard_error(), 0.03 * expected) << "the check says something";
      }
}

}  // namespace
}  // namespace palimpsest
