#include "palimpsest/core/random.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

namespace palimpsest {
namespace {

std::vector<std::uint32_t> words(Stream stream, std::size_t n) {
  std::vector<std::uint32_t> all(n);
  for (auto& word : all) word = stream();
  return all;
}

TEST(Stream, IsPhilox) {
  // Known answer of philox4x32-10 for counter 0 and key 0: tests/kat_vectors of Random123.
  EXPECT_EQ(words(Stream(0, Purpose{0}, 0), 4),
            (std::vector<std::uint32_t>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
}

TEST(Stream, CountsInTheFirstWordOfTheCounter) {
  const std::uint64_t seed = 0x123456789abcdef0, index = 0xfedcba9876543210;
  const auto got = words(Stream(seed, Purpose::redraw, index), 101);
  for (std::uint32_t block = 0; block * 4 < got.size(); ++block) {
    const auto expected = r123::Philox4x32()(
        {{block, static_cast<std::uint32_t>(Purpose::redraw), 0x76543210, 0xfedcba98}}, {{0x9abcdef0, 0x12345678}});
    for (std::uint32_t w = 0; w < 4 && 4 * block + w < got.size(); ++w) EXPECT_EQ(got[4 * block + w], expected[w]);
  }
}

TEST(Stream, DependsOnSeedPurposeAndIndexAlone) {
  EXPECT_EQ(words(Stream(1, Purpose::training, 5), 100), words(Stream(1, Purpose::training, 5), 100));
  std::set<std::vector<std::uint32_t>> all;
  for (const std::uint64_t seed : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1} << 32})
    for (std::uint32_t purpose = 0; purpose <= static_cast<std::uint32_t>(Purpose::test); ++purpose)
      for (const std::uint64_t index : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1} << 32})
        all.insert(words(Stream(seed, Purpose{purpose}, index), 8));
  EXPECT_EQ(all.size(), 9 * (static_cast<std::size_t>(Purpose::test) + 1));
}

TEST(Stream, BelowIsInRangeAndUnbiased) {
  // χ² with n − 1 degrees of freedom has mean n − 1 and variance 2(n − 1); 5 of its standard deviations are allowed.
  Stream stream(2, Purpose::test, 0);
  for (const std::uint32_t n : {1u, 2u, 3u, 7u, 60u}) {
    const int draws = 2000 * static_cast<int>(n);
    std::vector<int> counts(n);
    for (int i = 0; i < draws; ++i) {
      const auto x = stream.below(n);
      ASSERT_LT(x, n);
      ++counts[x];
    }
    double chi = 0;
    for (const int count : counts) chi += (count - 2000.0) * (count - 2000.0) / 2000.0;
    EXPECT_LE(chi, n - 1 + 5 * std::sqrt(2.0 * (n - 1))) << "n = " << n;
  }
}

TEST(Stream, BelowIsUnbiasedWhereTheRangeDoesNotDivideTheWords) {
  // n = 3·2³⁰: scaling 32 bits without rejection would give each residue class mod 3 of the range 1/4, 1/4, 1/2.
  Stream stream(3, Purpose::test, 0);
  const std::uint32_t n = 3u << 30;
  const int draws = 30000;
  int counts[3] = {};
  for (int i = 0; i < draws; ++i) {
    const auto x = stream.below(n);
    ASSERT_LT(x, n);
    ++counts[x % 3];
  }
  for (const int count : counts)
    EXPECT_NEAR(count, draws / 3.0, 5 * std::sqrt(draws * 2.0 / 9));  // 5 binomial deviations
}

template <class T>
class Uniform : public testing::Test {};
using Reals = testing::Types<float, double>;
TYPED_TEST_SUITE(Uniform, Reals);

TYPED_TEST(Uniform, IsInTheOpenIntervalWithItsMoments) {
  Stream stream(4, Purpose::test, 0);
  const int n = 100000;
  double sum = 0, squares = 0;
  for (int i = 0; i < n; ++i) {
    const auto u = stream.uniform<TypeParam>();
    ASSERT_GT(u, TypeParam(0));
    ASSERT_LT(u, TypeParam(1));
    sum += u, squares += static_cast<double>(u) * u;
  }
  EXPECT_NEAR(sum / n, 0.5, 5 * std::sqrt(1.0 / 12 / n));          // 5 standard errors
  EXPECT_NEAR(squares / n, 1.0 / 3, 5 * std::sqrt(4.0 / 45 / n));  // Var u² = 1/5 − 1/9
}

TYPED_TEST(Uniform, FillsWithinItsBound) {
  Stream stream(4, Purpose::test, 1);
  Matrix<TypeParam> x(63, 50);
  fill_uniform<TypeParam>(stream, TypeParam(0.25), x);
  EXPECT_LT(x.cwiseAbs().maxCoeff(), TypeParam(0.25));
  EXPECT_GT(x.maxCoeff(),
            TypeParam(0.249));  // of 3150 draws; all smaller has a chance of 2e-3, and the stream is fixed
  EXPECT_LT(x.minCoeff(), TypeParam(-0.249));
}

TYPED_TEST(Uniform, NormalEntriesHaveTheirMoments) {
  for (const Index rows : {1, 5, 63}) {
    Stream stream(4, Purpose::test, 2);
    Matrix<TypeParam> x(rows, 63000 / rows);
    fill_normal<TypeParam>(stream, x);
    const Matrix<double> y = x.template cast<double>();
    const auto n = static_cast<double>(y.size());
    EXPECT_TRUE(y.allFinite());
    // Variances of x, x², x³ and x⁴ are 1, 2, 15 and 96; 5 standard errors.
    EXPECT_NEAR(y.mean(), 0, 5 / std::sqrt(n));
    EXPECT_NEAR(y.array().square().mean(), 1, 5 * std::sqrt(2 / n));
    EXPECT_NEAR(y.array().cube().mean(), 0, 5 * std::sqrt(15 / n));
    EXPECT_NEAR(y.array().pow(4).mean(), 3, 5 * std::sqrt(96 / n));
  }
}

TEST(Normal, RowsOfAColumnAreUncorrelated) {
  Stream stream(4, Purpose::test, 3);
  const Index n = 20000;
  Matrix<double> x(5, n);
  fill_normal<double>(stream, x);
  const Matrix<double> covariance = x * x.transpose() / static_cast<double>(n);
  for (Index i = 0; i < 5; ++i)
    for (Index j = 0; j < i; ++j) EXPECT_NEAR(covariance(i, j), 0, 5 / std::sqrt(static_cast<double>(n)));
}

}  // namespace
}  // namespace palimpsest
