// What formats of few bits do to a trace.
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <utility>

#include "trace/rows.hpp"

namespace palimpsest::trace {
namespace {

TEST(Trace, SinglePrecisionLosesTheAccumulatorAsItGrows) {
  auto asked = request("attention", 20000);
  asked.rows = 10;
  const auto in_double = rows_of(trace(asked));
  asked.precision = "float";
  const auto in_float = rows_of(trace(asked));
  // A sum of t equal numbers, rounded each time to 6e-8 of itself: at most 6e-8 t, and far more than one rounding
  EXPECT_LT(number(in_double.front(), "rounding_accumulator"), 1e-6);
  EXPECT_GT(number(in_double.back(), "rounding_accumulator"), 1e-5);
  EXPECT_LT(number(in_double.back(), "rounding_accumulator"), 20000 * 6e-8);
  for (const std::string column : {"rounding_state", "rounding_accumulator", "rounding_answer", "t", "value"})
    EXPECT_EQ(in_float.back().at(column), in_double.back().at(column)) << column;
  // Lengths differ at most as the vectors do.
  const double off =
      std::abs(number(in_float.back(), "accumulator_norm") / number(in_double.back(), "accumulator_norm") - 1);
  EXPECT_GT(off, 1e-7);
  EXPECT_LE(off, number(in_double.back(), "rounding_accumulator"));
}

// Under the sum rule W and z of one key and one value are the same sum, and both stand still: the answer stays right.
// With more values the accumulator stands still first, and the weights of an answer no longer sum to 1.
TEST(Trace, AnAccumulatorInFewBitsStandsStillAndTheAnswerGrows) {
  for (const auto& [precision, bits] : {std::pair{"bfloat16", 8}, {"float16", 11}}) {
    const double stops = std::ldexp(1.5, bits);  // at the latest: see core/precision.hpp and FastWeightState's tests
    auto asked = request("attention", static_cast<Index>(12 * stops));
    asked.rule = "sum";
    asked.precision = precision;
    asked.values = "8";
    asked.key_dim = 9;
    const auto rows = rows_of(trace(asked));
    const auto norm = [&](double t) { return rows[static_cast<std::size_t>(t) - 1].at("accumulator_norm"); };
    EXPECT_EQ(norm(stops), norm(12 * stops)) << precision;
    EXPECT_NE(norm(stops / 1.5 - 1), norm(12 * stops)) << precision;
    // Eight sums of an eighth of the writes each, and the accumulator one: all nine stand still at the same size.
    EXPECT_NEAR(number(rows.back(), "mass"), 8, 1e-4) << precision;
    EXPECT_NEAR(number(rows.back(), "loss"), 0.5 * 7, 1e-3) << precision;  // ½‖v − (1, …, 1)‖²
    EXPECT_EQ(rows.back().at("precision"), precision);
  }
}

TEST(Trace, RoundingIsTheDistanceToTheDoubleState) {
  auto asked = request("attention", 300);
  asked.keys = 5;
  const auto in_double = rows_of(trace(asked));
  asked.precision = "float16";
  const auto in_float16 = rows_of(trace(asked));
  asked.precision = "bfloat16";
  const auto in_bfloat16 = rows_of(trace(asked));
  ASSERT_EQ(in_bfloat16.size(), 300u);
  // One rounding of every entry: at most 2^-s of it, and a third of that if it falls anywhere
  EXPECT_LT(number(in_bfloat16[0], "rounding_accumulator"), std::ldexp(1.0, -8));
  EXPECT_GT(number(in_bfloat16[0], "rounding_accumulator"), std::ldexp(1.0, -11));
  EXPECT_LT(number(in_float16[0], "rounding_accumulator"), std::ldexp(1.0, -11));
  EXPECT_GT(number(in_float16[0], "rounding_accumulator"), std::ldexp(1.0, -14));
  for (std::size_t t = 0; t < 300; ++t)
    for (const std::string what : {"accumulator", "state"}) {
      const std::string column = "rounding_" + what, norm = what + "_norm";
      EXPECT_LT(number(in_double[t], column), number(in_float16[t], column));
      EXPECT_LT(number(in_float16[t], column), number(in_bfloat16[t], column));
      // Lengths differ at most as the vectors do, but for nine digits.
      EXPECT_LE(std::abs(number(in_bfloat16[t], norm) / number(in_double[t], norm) - 1),
                number(in_bfloat16[t], column) * (1 + 1e-6));
    }
}

TEST(Trace, WhatIsTooLargeForFloat16IsNoGoodAnswer) {
  auto asked = request("none", 5);
  asked.kernel = "rff:8";  // features of size exp(‖x‖²/2), 1e13 here
  asked.precision = "bfloat16";
  EXPECT_TRUE(std::isfinite(number(rows_of(trace(asked)).front(), "state_norm")));
  asked.precision = "float16";
  for (const auto& row : rows_of(trace(asked)))
    for (const std::string column : {"state_norm", "contrast", "loss", "rounding_state"})
      EXPECT_FALSE(std::isfinite(number(row, column))) << column;
}

TEST(Trace, ADivergedStateHasNoLossOfZero) {
  auto asked = request("none", 50);
  asked.kernel = "rff:8";  // β‖k‖² = 1e26: each write multiplies what is there by −1e26
  const auto last = rows_of(trace(asked)).back();
  for (const std::string column : {"contrast_before", "contrast", "query_contrast", "loss"})
    EXPECT_EQ(last.at(column), "nan") << column;
}

}  // namespace
}  // namespace palimpsest::trace
