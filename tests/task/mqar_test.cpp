#include "palimpsest/task/mqar.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "task/chi_square.hpp"
#include "task/token_sequences.hpp"

namespace palimpsest {
namespace {

TEST(Mqar, ASequenceLooksLikeThis) {
  EXPECT_EQ(transcript(dealt<Mqar>({.vocabulary = 20, .pairs = 3, .length = 16}, 0)),
            "5 10 3 19 2 17 5?10@5 0 3?19@5 0 0 0 0 0 2?17@9 0");
  EXPECT_EQ(transcript(dealt<Mqar>({.vocabulary = 20, .pairs = 3, .length = 16, .fill = "random"}, 0)),
            "5 10 3 19 2 17 5?10@5 12 3?19@5 14 16 6 16 2 2?17@9 6");
  EXPECT_EQ(transcript(dealt<Mqar>({.vocabulary = 20, .pairs = 2, .length = 16, .passes = 2}, 0)),
            "5 11 3 10 5 11 3 10 0 0 3?10@3 0 0 0 5?11@9 0");
}

TEST(Mqar, SlotsAreDrawnOneAfterTheOther) {
  // Of 5 slots with p ∝ 1/√(i + 1), key 1 has slot i with p_i and key 2 then slot j with p_j/(1 − p_i).
  const Mqar task({.vocabulary = 16, .pairs = 2, .length = 14, .power = 0.5});
  const int slots = 5, begin = 4;
  double total = 0;
  for (int i = 0; i < slots; ++i) total += 1 / std::sqrt(i + 1);
  std::vector<double> shares;
  std::vector<int> counts;
  const auto p = [&](int i) { return 1 / std::sqrt(i + 1) / total; };
  std::vector<int> index(slots * slots, -1);
  for (int i = 0; i < slots; ++i)
    for (int j = 0; j < slots; ++j)
      if (i != j) {
        index[i * slots + j] = static_cast<int>(shares.size());
        shares.push_back(p(i) * p(j) / (1 - p(i)));
      }
  counts.resize(shares.size());
  for (std::uint64_t n = 0; n < 40000; ++n) {
    const auto sequence = dealt(task, n);
    const bool first_is_first = sequence.tokens[sequence.positions[0]] == sequence.tokens[0];
    const int a = (sequence.positions[0] - begin) / 2, b = (sequence.positions[1] - begin) / 2;
    ++counts[first_is_first ? index[a * slots + b] : index[b * slots + a]];
  }
  EXPECT_LT(chi_square_deviate(counts, shares), most_deviate);
}

TEST(Mqar, KeysAndValuesAreUniformAndIndependent) {
  const Mqar task({.vocabulary = 12, .pairs = 3, .length = 12});  // keys 1 … 5, values 6 … 11
  std::vector<int> first(5 * 6), last(5 * 6), keys(5 * 5), values(6 * 6);
  for (std::uint64_t n = 0; n < 20000; ++n) {
    const auto tokens = dealt(task, n).tokens;
    ++first[(tokens[0] - 1) * 6 + tokens[1] - 6];
    ++last[(tokens[4] - 1) * 6 + tokens[5] - 6];
    ++keys[(tokens[0] - 1) * 5 + tokens[2] - 1];
    ++values[(tokens[1] - 6) * 6 + tokens[5] - 6];
  }
  EXPECT_LT(chi_square_deviate(first), most_deviate);
  EXPECT_LT(chi_square_deviate(last), most_deviate);
  for (auto* pairs_of_distinct : {&keys, &values}) {
    std::erase(*pairs_of_distinct, 0);
    EXPECT_EQ(pairs_of_distinct->size(), pairs_of_distinct == &keys ? 20u : 30u);
    EXPECT_LT(chi_square_deviate(*pairs_of_distinct), most_deviate);
  }
}

TEST(Mqar, EveryPassWritesTheSamePairs) {
  const auto tokens = dealt<Mqar>({.vocabulary = 64, .pairs = 5, .length = 40, .passes = 3}, 0).tokens;
  for (int t = 10; t < 30; ++t) EXPECT_EQ(tokens[t], tokens[t - 10]);
}

TEST(Mqar, RefusesSizesThatAreTooSmall) {
  const auto error_of = [](const RecallOptions& options) -> std::string {
    try {
      Mqar task(options);
    } catch (const ConfigurationError& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_EQ(error_of({.vocabulary = 10, .pairs = 4, .length = 16}), "no error");
  EXPECT_EQ(error_of({.vocabulary = 9, .pairs = 4, .length = 16}),
            "vocabulary = 9: at least 10 for 4 keys and 4 values");
  EXPECT_EQ(error_of({.vocabulary = 10, .pairs = 4, .length = 14}),
            "length = 14: at least 16, two tokens for each of 4 writes and 4 questions");
  EXPECT_EQ(error_of({.vocabulary = 10, .pairs = 4, .length = 22, .passes = 2}),
            "length = 22: at least 24, two tokens for each of 8 writes and 4 questions");
}

}  // namespace
}  // namespace palimpsest
