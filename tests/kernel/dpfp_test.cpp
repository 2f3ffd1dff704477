#include "palimpsest/kernel/dpfp.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "reference/agree.hpp"
#include "reference/linear_algebra.hpp"
#include "reference/random.hpp"

namespace palimpsest {
namespace {

using reference::agree;

/// φ by its definition, entry by entry.
template <class T>
Matrix<T> by_definition(const Matrix<T>& x, int nu) {
  const Index d = x.rows(), size = 2 * d;
  Matrix<T> phi(size * nu, x.cols());
  for (Index t = 0; t < x.cols(); ++t) {
    const auto r = [&](Index i) { return std::max(T(0), i < d ? x(i, t) : -x(i - d, t)); };
    for (Index j = 1; j <= nu; ++j)
      for (Index i = 0; i < size; ++i) phi((j - 1) * size + i, t) = r(i) * r((i - j % size + size) % size);
  }
  return phi;
}

template <class T>
class DpfpOfPrecision : public testing::Test {};
using Precisions = testing::Types<float, double>;
TYPED_TEST_SUITE(DpfpOfPrecision, Precisions);

// One, two and three vector registers, and sizes that don't fill them; ν known in advance (1 to 4) and not.
TYPED_TEST(DpfpOfPrecision, AnySizeAndNuGiveTheDefinition) {
  using M = Matrix<TypeParam>;
  for (const Index d : {1, 2, 8, 16, 20, 32, 48})
    for (const int nu : {1, 2, 3, 4, 5, 40}) {
      SCOPED_TRACE(fmt::format("d = {}, nu = {}", d, nu));
      const Dpfp<TypeParam> kernel(nu);
      const M x = reference::away_from_zero(d, 3, 1).cast<TypeParam>();
      M phi(kernel.feature_dim(d), 3);
      kernel.forward(x, phi);
      EXPECT_EQ(phi, by_definition(x, nu));

      // φ is quadratic, so that between entries of one sign its central difference is exact:
      // ∂φ/∂x_i · g = (f(+) − f(−))/2h.
      const M g = reference::normal(phi.rows(), 3, 2).template cast<TypeParam>();
      M dx = M::Zero(d, 3);
      kernel.backward(x, phi, g, dx);
      const Matrix<double> exact = x.template cast<double>(), weights = g.template cast<double>();
      Matrix<double> expected(d, 3);
      for (Index i = 0; i < d; ++i) {
        Matrix<double> above = exact, below = exact;
        above.row(i).array() += 0.125;
        below.row(i).array() -= 0.125;
        expected.row(i) =
            (by_definition(above, nu) - by_definition(below, nu)).cwiseProduct(weights).colwise().sum() / 0.25;
      }
      // Sums of 4ν products.
      EXPECT_TRUE(agree(dx.template cast<double>(), expected, sizeof(TypeParam) == 4 ? 1e-5 : 1e-13));
    }
}

TEST(Dpfp, CountsAsRankWhatItsFeaturesSpan) {
  for (const Index d : {1, 2, 3, 4, 5})
    for (int nu = 1; nu <= 2 * d - 1; ++nu) {
      const Matrix<double> phi = by_definition<double>(reference::normal(d, 400, 3), nu);
      EXPECT_EQ(Dpfp<double>(nu).rank(d), reference::rank(phi)) << "d = " << d << ", nu = " << nu;
    }
  EXPECT_EQ(Dpfp<double>(3).rank(4), 24);  // all of p = 24
  EXPECT_EQ(Dpfp<double>(4).rank(4), 24);  // of 32, roll 4 gives zeros
  EXPECT_EQ(Dpfp<double>(7).rank(4), 24);  // of 56, rolls 5, 6, 7 are 3, 2, 1 again
}

TEST(Dpfp, RefusesRollsThatComeRoundAndKeysOfSizeOne) {
  EXPECT_FALSE(Dpfp<double>(7).refusal(4));
  EXPECT_EQ(Dpfp<double>(8).refusal(4), "kernel 'dpfp:8' rolls its features further than 2 key_dim - 1 = 7");
  EXPECT_FALSE(Dpfp<double>(1).refusal(2));
  EXPECT_EQ(Dpfp<double>(1).refusal(1), "kernel 'dpfp:1' has no features but 0 of keys of size 1");
}

}  // namespace
}  // namespace palimpsest
