#include "palimpsest/task/stacked_mqar.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "task/chi_square.hpp"
#include "task/token_sequences.hpp"

namespace palimpsest {
namespace {

TEST(StackedMqar, ASequenceLooksLikeThis) {
  EXPECT_EQ(transcript(dealt<StackedMqar>({.vocabulary = 20, .pairs = 4}, 0)),
            "10:19 3:14 4:3 1:5 1?5@1 10?19@5 3?14@5 4?3@5");
  EXPECT_EQ(transcript(dealt<StackedMqar>({.vocabulary = 20, .pairs = 3, .passes = 2}, 0)),
            "10:0 3:19 4:14 10:0 3:19 4:14 10?0@3 3?19@3 4?14@3");
}

TEST(StackedMqar, AllKeysMayBeWritten) {
  const auto sequence = dealt<StackedMqar>({.vocabulary = 63, .pairs = 63}, 0);
  std::vector<int> seen(63);
  for (const int token : sequence.tokens) ++seen[token];
  EXPECT_EQ(seen, std::vector<int>(63, 2));
}

TEST(StackedMqar, PairsAndTheOrderOfQuestionsAreUniform) {
  const StackedMqar task({.vocabulary = 5, .pairs = 3});
  std::vector<int> pair(25), order(27);
  for (std::uint64_t n = 0; n < 20000; ++n) {
    const auto sequence = dealt(task, n);
    ++pair[sequence.tokens[1] * 5 + sequence.partners[1]];
    int code = 0;
    for (int t = 3; t < 6; ++t)
      code = 3 * code + (sequence.tokens[t] == sequence.tokens[1]   ? 1
                         : sequence.tokens[t] == sequence.tokens[2] ? 2
                                                                    : 0);
    ++order[code];
  }
  std::erase(order, 0);
  EXPECT_EQ(order.size(), 6u);
  EXPECT_LT(chi_square_deviate(order), most_deviate);
  EXPECT_LT(chi_square_deviate(pair), most_deviate);
}

TEST(StackedMqar, RefusesSizesThatHaveNoSequence) {
  const auto error_of = [](const RecallOptions& options) -> std::string {
    try {
      StackedMqar task(options);
    } catch (const ConfigurationError& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_EQ(error_of({.vocabulary = 5, .pairs = 5}), "no error");
  EXPECT_EQ(error_of({.vocabulary = 5, .pairs = 6}), "vocabulary = 5: at least pairs = 6");
  EXPECT_EQ(error_of({.vocabulary = 5, .pairs = 0}), "pairs = 0: at least 1 is needed");
  EXPECT_EQ(error_of({.vocabulary = 5, .pairs = 5, .passes = 0}), "passes = 0: at least 1 is needed");
}

}  // namespace
}  // namespace palimpsest
