#include "palimpsest/sweep/criterion.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "sweep/error_of.hpp"

namespace palimpsest::sweep {
namespace {

TEST(Criterion, ReadsBackWhatItWrites) {
  EXPECT_EQ(to_text(parse_criterion("final_loss<=1e-03")), "final_loss <= 0.001");
  EXPECT_EQ(to_text(parse_criterion(" accuracy >= 0.50 ")), "accuracy >= 0.5");
}

TEST(Criterion, TheBoundItselfFulfils) {
  EXPECT_TRUE(parse_criterion("final_loss <= 0.001").fulfilled(0.001));
  EXPECT_FALSE(parse_criterion("final_loss <= 0.001").fulfilled(0.0011));
  EXPECT_TRUE(parse_criterion("accuracy >= 0.99").fulfilled(0.99));
  EXPECT_FALSE(parse_criterion("accuracy >= 0.99").fulfilled(0.98));
}

TEST(Criterion, APointWithoutAValueFails) {
  for (const auto* text : {"final_loss <= 0.001", "accuracy >= 0.99"}) {
    EXPECT_FALSE(parse_criterion(text).fulfilled(std::nullopt));
    EXPECT_FALSE(parse_criterion(text).fulfilled(std::numeric_limits<double>::quiet_NaN()));
  }
}

TEST(Criterion, WhatCanNotBeMeantIsAnError) {
  for (const auto* text : {"", "final_loss", "loss <= 0.1", "final_loss >= 0.1", "final_loss <= 0.5", "final_loss <= -1",
                           "accuracy >= 0", "accuracy >= 1.5", "accuracy <= 0.5", "accuracy >= x", "final_loss <= nan"})
    EXPECT_THAT(error_of([&] { parse_criterion(text); }),
                testing::AllOf(testing::HasSubstr(text), testing::HasSubstr("allowed is 'final_loss <= X'")));
}

}  // namespace
}  // namespace palimpsest::sweep
