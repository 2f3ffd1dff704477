#include "palimpsest/core/packet.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "reference/random.hpp"

namespace palimpsest {
namespace {

template <class T>
class PacketOf : public testing::Test {
 protected:
  static constexpr int kWidth = Packet<T>::kWidth;

  static typename Packet<T>::Lanes lanes(T first) {
    typename Packet<T>::Lanes v;
    for (int i = 0; i < kWidth; ++i) v[i] = first + static_cast<T>(i);
    return v;
  }
};

using Numbers = testing::Types<float, double>;
TYPED_TEST_SUITE(PacketOf, Numbers);

TYPED_TEST(PacketOf, WindowsSlideFromOneToTheNext) {
  using P = Packet<TypeParam>;
  const auto one = this->lanes(1), two = this->lanes(1 + P::kWidth);
  const auto at_0 = P::template window<0>(one, two), at_1 = P::template window<1>(one, two),
             at_end = P::template window<P::kWidth>(one, two);
  for (int i = 0; i < P::kWidth; ++i) {
    EXPECT_EQ(at_0[i], 1 + i);
    EXPECT_EQ(at_1[i], 2 + i);
    EXPECT_EQ(at_end[i], 1 + P::kWidth + i);
  }
}

TYPED_TEST(PacketOf, PositiveIsTheLargerOfItAndZero) {
  const auto v = this->lanes(-1);
  const auto positive = Packet<TypeParam>::positive(v);
  for (int i = 0; i < this->kWidth; ++i) EXPECT_EQ(positive[i], std::max(i - 1, 0));
}

TYPED_TEST(PacketOf, PositiveKeepsANan) {
  auto v = this->lanes(0);
  v[0] = std::numeric_limits<TypeParam>::quiet_NaN();
  EXPECT_TRUE(std::isnan(Packet<TypeParam>::positive(v)[0]));
}

TYPED_TEST(PacketOf, SumsOfAnyLengthAreThoseOfTheEntries) {
  for (const Index n : {0, 1, 5, 16, 31, 63, 128}) {
    SCOPED_TRACE(n);
    const Matrix<double> x = reference::normal(n, 3, 1);
    const Matrix<TypeParam> y = x.cast<TypeParam>();
    const TypeParam *a = column(y, 0), *b = column(y, 1);
    // Up to 128 terms of size ~1, in another order.
    const double tolerance = 128 * std::numeric_limits<TypeParam>::epsilon();
    double sum_a = 0, ab = 0;
    for (Index i = 0; i < n; ++i) {
      sum_a += y(i, 0);
      ab += static_cast<double>(y(i, 0)) * y(i, 1);
    }
    EXPECT_NEAR(sum(a, n), sum_a, tolerance);
    EXPECT_NEAR(dot(a, b, n), ab, tolerance);
  }
}

TYPED_TEST(PacketOf, LoopsMeetEachOfAnyNumberOfEntriesOnce) {
  for (const Index n : {0, 1, 5, 16, 31, 63, 128}) {
    SCOPED_TRACE(n);
    const Matrix<TypeParam> in = reference::normal(n, 2, 1).template cast<TypeParam>();
    Matrix<TypeParam> out = Matrix<TypeParam>::Constant(n + 1, 2, 7);  // the row below shows what is written beyond
    add(column(in, 0), n, column(out, 0));
    multiply(TypeParam(3), column(in, 1), n, column(out, 1));
    for (Index i = 0; i < n; ++i) {
      EXPECT_EQ(out(i, 0), TypeParam(7) + in(i, 0));
      EXPECT_EQ(out(i, 1), TypeParam(3) * in(i, 1));
    }
    EXPECT_EQ(out(n, 0), 7);
    EXPECT_EQ(out(n, 1), 7);
  }
}

}  // namespace
}  // namespace palimpsest
