#include "palimpsest/task/forgetting_mqar.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "task/chi_square.hpp"
#include "task/token_sequences.hpp"

namespace palimpsest {
namespace {

TEST(ForgettingMqar, ASequenceLooksLikeThis) {
  EXPECT_EQ(transcript(dealt<ForgettingMqar>({.vocabulary = 20, .pairs = 3, .length = 16, .reassigned = 0.5}, 0)),
            "2 17 1 11 9 13 1 19 2 12 1?19@3 0 2?12@3 0 9?13@9 0");
  EXPECT_EQ(transcript(dealt<ForgettingMqar>({.vocabulary = 20, .pairs = 2, .length = 16, .passes = 2}, 0)),
            "2 10 3 19 2 10 3 19 3 17 2?10@5 0 3?17@3 0 0 0");
}

TEST(ForgettingMqar, WithNothingReassignedItIsMqar) {
  for (const std::string fill : {"zero", "random"})
    for (std::uint64_t n = 0; n < 20; ++n) {
      const RecallOptions options{.vocabulary = 30, .pairs = 5, .length = 40, .fill = fill, .reassigned = 0};
      EXPECT_TRUE(dealt<ForgettingMqar>(options, n) == dealt<Mqar>(options, n));
    }
}

TEST(ForgettingMqar, AShareOfTheKeysGetsAnotherValueAfterAllFirstWrites) {
  struct Case {
    Index pairs;
    double reassigned;
    int times;  // rounded, and at least one
  };
  for (const auto& [pairs, reassigned, times] : {Case{4, 0.25, 1},
                                                 {8, 0.25, 2},
                                                 {63, 0.001, 1},
                                                 {5, 0.5, 3},
                                                 {5, 0.29, 1},
                                                 {5, 0.31, 2},
                                                 {63, 1, 63},
                                                 {1, 1, 1}}) {
    const RecallOptions options{.vocabulary = 500, .pairs = pairs, .length = 500, .reassigned = reassigned};
    const auto sequence = dealt<ForgettingMqar>(options, 7);
    std::set<int> again;
    for (int w = 0; w < times; ++w) again.insert(sequence.tokens[2 * (pairs + w)]);
    EXPECT_EQ(std::ssize(again), times) << pairs << " pairs, " << reassigned;
    for (Index w = 0; w < pairs; ++w) again.erase(sequence.tokens[2 * w]);
    EXPECT_TRUE(again.empty()) << "they had been written before";
    for (std::size_t n = 0; n < sequence.positions.size(); ++n)  // zero fillers: behind the writes are only questions
      EXPECT_GE(sequence.positions[n], 2 * (pairs + times));
    EXPECT_LT(sequence.tokens[2 * (pairs + times) + 1], 1) << "no further write";
  }
}

TEST(ForgettingMqar, EveryKeyIsAsOftenReassignedInEveryOrder) {
  const ForgettingMqar task({.vocabulary = 20, .pairs = 4, .length = 20, .reassigned = 0.5});
  std::vector<int> order(16);
  for (std::uint64_t n = 0; n < 12000; ++n) {
    const auto tokens = dealt(task, n).tokens;
    int code = 0;
    for (int w = 4; w < 6; ++w)
      for (int key = 0; key < 4; ++key)
        if (tokens[2 * w] == tokens[2 * key]) code = 4 * code + key;
    ++order[code];
  }
  std::erase(order, 0);
  EXPECT_EQ(order.size(), 12u);
  EXPECT_LT(chi_square_deviate(order), most_deviate);
}

TEST(ForgettingMqar, RefusesWhatItCannotDeal) {
  const auto error_of = [](const RecallOptions& options) -> std::string {
    try {
      ForgettingMqar task(options);
    } catch (const ConfigurationError& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_EQ(error_of({.vocabulary = 15, .pairs = 4, .length = 24, .reassigned = 1}), "no error");
  EXPECT_EQ(error_of({.vocabulary = 14, .pairs = 4, .length = 24, .reassigned = 1}),
            "vocabulary = 14: at least 15 for 4 keys and 8 values");
  EXPECT_EQ(error_of({.vocabulary = 15, .pairs = 4, .length = 22, .reassigned = 1}),
            "length = 22: at least 24, two tokens for each of 8 writes and 4 questions");
  EXPECT_EQ(error_of({.reassigned = -0.1}), "reassigned = -0.1: allowed is a number from 0 to 1");
  EXPECT_EQ(error_of({.reassigned = 1.1}), "reassigned = 1.1: allowed is a number from 0 to 1");
  EXPECT_EQ(error_of({.reassigned = std::nan("")}), "reassigned = nan: allowed is a number from 0 to 1");
}

}  // namespace
}  // namespace palimpsest
