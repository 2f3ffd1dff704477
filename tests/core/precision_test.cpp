#include "palimpsest/core/precision.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "reference/random.hpp"
#include "reference/rounding.hpp"

namespace palimpsest {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

template <class P>
class Rounding : public testing::Test {
 protected:
  static const reference::Format& format() {
    return P::name == reference::kBFloat16.name ? reference::kBFloat16 : reference::kFloat16;
  }
  static float rounded(float x) { return palimpsest::rounded<typename P::Stored>(x); }
};

struct NameOf {
  template <class P>
  static std::string GetName(int) {
    return std::string(P::name);
  }
};

using Short = testing::Types<BFloat16, Float16>;
TYPED_TEST_SUITE(Rounding, Short, NameOf);

// Every sign, exponent and 7 bits of significand, and of the other 16 what decides: below, at and above half a unit of
// either format.
TYPED_TEST(Rounding, IsToTheNearestAndOfTwoToTheEvenOne) {
  const std::vector<std::uint32_t> low{0,      1,      0x0fff, 0x1000, 0x1001, 0x2fff, 0x3000, 0x3001,
                                       0x7fff, 0x8000, 0x8001, 0xefff, 0xf000, 0xf001, 0xffff};
  for (std::uint32_t high = 0; high <= 0xffff; ++high)
    for (const std::uint32_t rest : low) {
      const auto x = std::bit_cast<float>(high << 16 | rest);
      const float expected = reference::rounded(this->format(), x), actual = this->rounded(x);
      if (std::isnan(x)) {
        ASSERT_TRUE(std::isnan(actual) && std::isnan(expected)) << high << ' ' << rest;
      } else {
        ASSERT_EQ(std::bit_cast<std::uint32_t>(actual), std::bit_cast<std::uint32_t>(expected)) << x;
      }
    }
}

TYPED_TEST(Rounding, OfARoundedNumberIsThatNumber) {
  for (const float x : {1e-30f, 3e-6f, 0.1f, 1.f / 3, 255.9f, 1000.7f, 60000.f})
    EXPECT_EQ(this->rounded(this->rounded(x)), this->rounded(x));
}

TYPED_TEST(Rounding, OfAMatrixIsThatOfItsEntries) {
  for (const Index rows : {1, 5, 63}) {
    Matrix<float> entries = reference::normal(rows, 7, 1).cast<float>() * 1e-3f;
    entries(0, 0) = std::ldexp(3.f, -133);  // subnormal in bfloat16, where it is kept
    const Matrix<float> before = entries;
    round_entries<typename TypeParam::Stored>(entries);
    for (Index i = 0; i < entries.size(); ++i)
      EXPECT_EQ(entries.data()[i], reference::rounded(this->format(), before.data()[i]));
  }
}

TEST(BFloat16, HasEightBitsAndTheRangeOfFloat) {
  const auto rounded = palimpsest::rounded<Eigen::bfloat16, float>;
  EXPECT_EQ(rounded(256 + 1), 256);  // halfway between 256 and 258; 128 is even
  EXPECT_EQ(rounded(258 + 1), 260);
  EXPECT_EQ(rounded(65520), 65536);
  EXPECT_EQ(rounded(3.3895e38f), std::ldexp(255.f, 120));            // the largest
  EXPECT_EQ(rounded(3.4e38f), kInfinity);                            // a finite float
  EXPECT_EQ(rounded(std::ldexp(3.f, -134)), std::ldexp(2.f, -133));  // subnormal, a tie
  EXPECT_EQ(rounded(std::ldexp(1.f, -134)), 0);
}

TEST(Float16, HasElevenBitsAndOverflowsFrom65520On) {
  const auto rounded = palimpsest::rounded<Eigen::half, float>;
  EXPECT_EQ(rounded(2048 + 1), 2048);
  EXPECT_EQ(rounded(2050 + 1), 2052);
  EXPECT_EQ(rounded(65519.99f), 65504);
  EXPECT_EQ(rounded(65520), kInfinity);
  EXPECT_EQ(rounded(-65520), -kInfinity);
  EXPECT_EQ(rounded(std::ldexp(1.f, -24)), std::ldexp(1.f, -24));  // the smallest, subnormal
  EXPECT_EQ(rounded(std::ldexp(3.f, -25)), std::ldexp(2.f, -24));
  EXPECT_EQ(rounded(std::ldexp(1.f, -25)), 0);
}

TEST(Precisions, FloatAndDoubleRoundNothing) {
  EXPECT_EQ(rounded<float>(0.1f), 0.1f);
  EXPECT_EQ(rounded<double>(0.1), 0.1);
  EXPECT_EQ(known<Precisions>(), "float, double, bfloat16, float16");
}

}  // namespace
}  // namespace palimpsest
