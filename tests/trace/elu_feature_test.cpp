#include "palimpsest/trace/elu_feature.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>
#include <utility>

#include "trace/rows.hpp"

namespace palimpsest::trace {
namespace {

TEST(EluFeature, OfElu1InBFloat16IsLostIfOneIsTakenAwayAndAdded) {
  std::map<std::pair<std::string, double>, Row> rows;
  for (const auto& row : rows_of(elu_features())) rows[{row.at("precision"), number(row, "x")}] = row;
  ASSERT_EQ(rows.size(), 3 * 193u);
  const auto value = [&](const std::string& precision, double x, const std::string& column) {
    return number(rows.at({precision, x}), column);
  };
  EXPECT_NEAR(value("bfloat16", -6, "exact"), 0.0024788, 1e-7);
  EXPECT_EQ(value("bfloat16", -6, "elu_plus_one"), 0.00390625);  // 2^-8, the next number above −1 being −1 + 2^-8
  EXPECT_NEAR(value("bfloat16", -6, "exponential"), 0.0024788, 0.0024788 / 256);
  EXPECT_NEAR(value("bfloat16", -6, "error_elu_plus_one"), 0.0039063 / 0.0024788 - 1, 1e-4);
  EXPECT_NEAR(value("bfloat16", -8, "exact"), 0.00033546, 1e-8);
  EXPECT_EQ(value("bfloat16", -8, "elu_plus_one"), 0);
  EXPECT_EQ(value("bfloat16", -8, "error_elu_plus_one"), 1);
  EXPECT_NEAR(value("bfloat16", -8, "exponential"), 0.00033546, 0.00033546 / 256);
  EXPECT_EQ(value("float16", -8, "elu_plus_one"), std::ldexp(1.0, -11));
  EXPECT_EQ(value("float16", -8.375, "elu_plus_one"), 0);
  EXPECT_EQ(value("float", -17.375, "elu_plus_one"), 0);
  const std::map<std::string, int> bits{{"bfloat16", 8}, {"float16", 11}, {"float", 24}};
  for (const auto& [key, row] : rows) {
    const auto& [precision, x] = key;
    // exp(x) ≤ half of 2^-s, which is between numbers of this grid: nothing is left of it.
    EXPECT_EQ(number(row, "elu_plus_one") == 0, std::exp(x) <= std::ldexp(1.0, -bits.at(precision) - 1)) << x;
    if (precision != "float16" || std::exp(x) >= std::ldexp(1.0, -14)) {  // below that float16 is subnormal
      EXPECT_LE(number(row, "error_exponential"), std::ldexp(1.0, -bits.at(precision))) << precision << x;
    }
    if (x > 0) {
      EXPECT_EQ(row.at("elu_plus_one"), row.at("exponential"));
    }
  }
}

}  // namespace
}  // namespace palimpsest::trace
