#include "palimpsest/task/multi_value.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "task/chi_square.hpp"
#include "task/token_sequences.hpp"

namespace palimpsest {
namespace {

TEST(MultiValue, ASequenceLooksLikeThis) {
  EXPECT_EQ(transcript(dealt<MultiValue>({.vocabulary = 20, .pairs = 4, .length = 16, .values_per_key = 2}, 0)),
            "7 19 9 12 9 10 7 11 7?19,11@1 0 9?12,10@5 0 0 0 0 0");
  EXPECT_EQ(
      transcript(dealt<MultiValue>({.vocabulary = 20, .pairs = 2, .length = 10, .passes = 2, .values_per_key = 2}, 0)),
      "2 19 2 10 2 19 2 10 2?19,10@1 0");
}

TEST(MultiValue, EveryOrderOfTheWritesIsAsLikely) {
  const MultiValue task({.vocabulary = 20, .pairs = 4, .length = 12, .values_per_key = 2});
  std::vector<int> order(8);  // whether writes 2, 3 and 4 are of the key of write 1
  for (std::uint64_t n = 0; n < 12000; ++n) {
    const auto tokens = dealt(task, n).tokens;
    ++order[4 * (tokens[2] == tokens[0]) + 2 * (tokens[4] == tokens[0]) + (tokens[6] == tokens[0])];
  }
  std::erase(order, 0);
  EXPECT_EQ(order.size(), 3u);
  EXPECT_LT(chi_square_deviate(order), most_deviate);
}

TEST(MultiValue, RefusesWhatItCannotDeal) {
  const auto error_of = [](const RecallOptions& options) -> std::string {
    try {
      MultiValue task(options);
    } catch (const ConfigurationError& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_EQ(error_of({.vocabulary = 11, .pairs = 6, .length = 18, .values_per_key = 2}), "no error");
  EXPECT_EQ(error_of({.vocabulary = 10, .pairs = 6, .length = 18, .values_per_key = 2}),
            "vocabulary = 10: at least 11 for 3 keys and 6 values");
  EXPECT_EQ(error_of({.vocabulary = 11, .pairs = 6, .length = 16, .values_per_key = 2}),
            "length = 16: at least 18, two tokens for each of 6 writes and 3 questions");
  EXPECT_EQ(error_of({.pairs = 4, .values_per_key = 3}), "values_per_key = 3: pairs = 4 must be a multiple of it");
  EXPECT_EQ(error_of({.pairs = 4, .values_per_key = 8}), "values_per_key = 8: pairs = 4 must be a multiple of it");
  EXPECT_EQ(error_of({.pairs = 4, .values_per_key = 0}), "values_per_key = 0: at least 1 is needed");
}

}  // namespace
}  // namespace palimpsest
