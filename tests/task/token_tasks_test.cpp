// Laws of every task of recall.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "laws/components.hpp"
#include "task/chi_square.hpp"
#include "task/token_sequences.hpp"

namespace palimpsest {
namespace {

template <class Task>
class TokenTaskLaws : public testing::Test {};
TYPED_TEST_SUITE(TokenTaskLaws, laws::TestTypes<RecallTasks>, laws::ByName);

/// Of all tasks; the last two are the smallest that mqar has, of one pair and of 63.
std::vector<RecallOptions> some_options() {
  return {{.vocabulary = 64, .pairs = 6, .length = 42, .values_per_key = 2},
          {.vocabulary = 33, .pairs = 5, .length = 80, .fill = "random", .passes = 3, .power = 1, .reassigned = 1},
          {.vocabulary = 301, .pairs = 63, .length = 634, .passes = 2, .reassigned = 0.99, .values_per_key = 9},
          {.vocabulary = 4, .pairs = 1, .length = 4, .reassigned = 0},
          {.vocabulary = 128, .pairs = 63, .length = 252, .reassigned = 0, .values_per_key = 3}};
}

TYPED_TEST(TokenTaskLaws, ANameMakesIt) {
  static_assert(TokenTask<TypeParam>);
  const auto made = make_component<RecallTasks>("task", TypeParam::name, RecallOptions{});
  EXPECT_TRUE(std::holds_alternative<TypeParam>(made));
}

TYPED_TEST(TokenTaskLaws, AReaderOfTheTokensFindsEveryAnswer) {
  for (const auto& options : some_options())
    for (std::uint64_t i = 0; i < 20; ++i) {
      const TypeParam task(options);
      const auto sequence = dealt(task, i);
      const auto story = read_writes<TypeParam>(options, sequence);
      const auto m = static_cast<std::size_t>(task.targets_per_question());
      ASSERT_EQ(sequence.targets.size(), m * sequence.positions.size());
      ASSERT_EQ(sequence.distances.size(), sequence.positions.size());
      std::set<int> asked;
      for (std::size_t n = 0; n < sequence.positions.size(); ++n) {
        const int position = sequence.positions[n], key = sequence.tokens[position];
        ASSERT_TRUE(story.contains(key)) << transcript(sequence);
        const auto& written = story.at(key);
        ASSERT_GE(written.size(), m);
        std::vector<int> answer;
        for (auto last = written.end() - static_cast<std::ptrdiff_t>(m); last != written.end(); ++last)
          answer.push_back(last->value);
        const auto first_target = sequence.targets.begin() + static_cast<std::ptrdiff_t>(n * m);
        EXPECT_EQ(std::vector(first_target, first_target + static_cast<std::ptrdiff_t>(m)), answer);
        EXPECT_EQ(std::set(answer.begin(), answer.end()).size(), m);
        EXPECT_EQ(sequence.distances[n], position - written.back().column);
        EXPECT_GE(sequence.distances[n], 1);
        asked.insert(key);
      }
      EXPECT_EQ(asked.size(), story.size()) << "every key is asked";
      EXPECT_EQ(asked.size(), sequence.positions.size()) << "and once";
      EXPECT_TRUE(std::ranges::is_sorted(sequence.positions));
    }
}

TYPED_TEST(TokenTaskLaws, KeysAreDistinctAndSoAreValues) {
  for (const auto& options : some_options())
    for (std::uint64_t i = 0; i < 20; ++i) {
      const auto story = read_writes<TypeParam>(options, dealt<TypeParam>(options, i));
      std::set<int> values;
      std::size_t writes = 0, distinct_in_keys = 0;
      for (const auto& [key, written] : story) {
        std::set<int> of_key;
        for (const auto& write : written) of_key.insert(write.value);
        values.insert(of_key.begin(), of_key.end());
        distinct_in_keys += of_key.size();
        writes += written.size();
      }
      const auto m = static_cast<std::size_t>(TypeParam(options).targets_per_question());
      EXPECT_EQ(story.size(), options.pairs / m);
      EXPECT_EQ(values.size(), distinct_in_keys) << "no value is shared by keys";
      EXPECT_EQ(values.size(), options.pairs + writes - options.pairs * options.passes) << "a new write, a new value";
    }
}

TYPED_TEST(TokenTaskLaws, TokensAndTargetsAreInTheirVocabularies) {
  for (const auto& options : some_options()) {
    const TypeParam task(options);
    EXPECT_EQ(task.vocabulary(), options.vocabulary);
    EXPECT_EQ(task.outputs(), options.vocabulary);
    for (std::uint64_t i = 0; i < 20; ++i) {
      const auto sequence = dealt(task, i);
      const auto length = TypeParam::reads("length") ? options.length : options.pairs * (options.passes + 1);
      EXPECT_EQ(std::ssize(sequence.tokens), length);
      EXPECT_TRUE(sequence.partners.empty() || sequence.partners.size() == sequence.tokens.size());
      for (const auto& [tokens, below] :
           {std::pair(sequence.tokens, task.vocabulary()), {sequence.targets, task.outputs()}}) {
        EXPECT_GE(*std::ranges::min_element(tokens), 0);
        EXPECT_LT(*std::ranges::max_element(tokens), below);
      }
    }
  }
}

TYPED_TEST(TokenTaskLaws, ASequenceIsAFunctionOfItsStream) {
  for (const auto& options : some_options()) {
    if (options.pairs == 1) continue;  // four tokens make but few sequences
    const TypeParam task(options);
    TokenSequence used = dealt<StackedMqar>({.vocabulary = 99, .pairs = 99}, 5);  // what was in it doesn't matter
    std::vector<TokenSequence> forwards;
    for (int i = 0; i < 20; ++i) forwards.push_back(dealt(task, i));
    for (int i = 19; i >= 0; --i) {
      Stream stream(1, Purpose::training, i);
      task.deal(stream, used);
      EXPECT_TRUE(used == forwards[i]) << "sequence " << i;
    }
    Stream of_another_seed(2, Purpose::training, 0), of_another_purpose(1, Purpose::evaluation, 0);
    for (auto* stream : {&of_another_seed, &of_another_purpose}) {
      task.deal(*stream, used);
      EXPECT_FALSE(used == forwards[0]);
    }
    EXPECT_FALSE(forwards[0] == forwards[1]);
  }
}

TYPED_TEST(TokenTaskLaws, WhatItReadsChangesWhatItDealsAndNothingElseDoes) {
  const RecallOptions plain{.vocabulary = 64, .pairs = 6, .length = 64, .values_per_key = 2};
  std::vector<std::string> names;
  RecallOptions(plain).fields([&](std::string_view name, auto&) { names.emplace_back(name); });
  EXPECT_EQ(names.size(), 8u);
  for (const auto& changed : names) {
    RecallOptions options = plain;
    options.fields([&]<class Option>(std::string_view name, Option& option) {
      if (name != changed) return;
      if constexpr (std::is_same_v<Option, std::string>) {
        option = "random";
      } else if constexpr (std::is_same_v<Option, double>) {
        option = 1;
      } else if (name == "values_per_key") {
        option = 3;
      } else {
        option += 2;
      }
    });
    bool differs = false;
    for (std::uint64_t i = 0; i < 20; ++i) differs |= !(dealt<TypeParam>(options, i) == dealt<TypeParam>(plain, i));
    EXPECT_EQ(differs, TypeParam::reads(changed)) << changed;
  }
  EXPECT_FALSE(TypeParam::reads("learning_rate"));
}

TYPED_TEST(TokenTaskLaws, WhatItDoesNotReadMayBeAnything) {
  RecallOptions plain{.vocabulary = 64, .pairs = 6, .length = 64, .values_per_key = 2}, wrong = plain;
  wrong.fields([&]<class Option>(std::string_view name, Option& option) {
    if constexpr (std::is_same_v<Option, std::string>) {
      if (!TypeParam::reads(name)) option = "no such";
    } else {
      if (!TypeParam::reads(name)) option = -7;
    }
  });
  EXPECT_TRUE(dealt<TypeParam>(wrong, 3) == dealt<TypeParam>(plain, 3));
}

/// Those that ask among fillers.
using SlotTasks = TypeList<Mqar, ForgettingMqar, MultiValue>;

template <class Task>
class SlotTaskLaws : public testing::Test {};
TYPED_TEST_SUITE(SlotTaskLaws, laws::TestTypes<SlotTasks>, laws::ByName);

TYPED_TEST(SlotTaskLaws, KeysAndValuesAreOfTheirHalves) {
  for (const auto& options : some_options())
    for (std::uint64_t i = 0; i < 20; ++i)
      for (const auto& [key, written] : read_writes<TypeParam>(options, dealt<TypeParam>(options, i))) {
        EXPECT_GE(key, 1);
        EXPECT_LT(key, options.vocabulary / 2);
        for (const auto& write : written) {
          EXPECT_GE(write.value, options.vocabulary / 2);
          EXPECT_LT(write.value, options.vocabulary);
        }
      }
}

TYPED_TEST(SlotTaskLaws, FilledWithZeroNothingButKeysIsSeenAfterTheWrites) {
  for (auto options : some_options()) {
    options.fill = "zero";
    const int begin = 2 * writes_of<TypeParam>(options);
    for (std::uint64_t i = 0; i < 20; ++i) {
      const auto sequence = dealt<TypeParam>(options, i);
      for (int t = begin; t < options.length; ++t) {
        const bool asked = std::ranges::binary_search(sequence.positions, t);
        EXPECT_EQ(sequence.tokens[t] != 0, asked) << transcript(sequence);
        EXPECT_TRUE(!asked || (t - begin) % 2 == 0);
      }
      EXPECT_GE(sequence.positions.front(), begin);
    }
  }
}

TYPED_TEST(SlotTaskLaws, FillersChangeNoQuestionAndAreUniform) {
  const RecallOptions zero{.vocabulary = 19, .pairs = 4, .length = 64, .values_per_key = 2};
  RecallOptions random = zero;
  random.fill = "random";
  const int begin = 2 * writes_of<TypeParam>(zero);
  std::vector<int> even(19), odd(19), after_a_key(19);
  for (std::uint64_t i = 0; i < 1000; ++i) {
    const auto blank = dealt<TypeParam>(zero, i);
    auto filled = dealt<TypeParam>(random, i);
    for (int t = begin; t < zero.length; ++t) {
      if (std::ranges::binary_search(filled.positions, t)) continue;
      ++(t % 2 ? odd : even)[filled.tokens[t]];
      if (std::ranges::binary_search(filled.positions, t - 1)) ++after_a_key[filled.tokens[t]];
      filled.tokens[t] = 0;
    }
    EXPECT_TRUE(filled == blank);
  }
  EXPECT_LT(chi_square_deviate(even), most_deviate);
  EXPECT_LT(chi_square_deviate(odd), most_deviate);
  EXPECT_LT(chi_square_deviate(after_a_key), most_deviate);
}

TYPED_TEST(SlotTaskLaws, AQuestionIsNotFollowedByItsAnswer) {
  const RecallOptions options{.vocabulary = 512, .pairs = 8, .length = 64, .fill = "random", .values_per_key = 2};
  int followed = 0, questions = 0;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    const auto sequence = dealt<TypeParam>(options, i);
    const std::size_t m = sequence.targets.size() / sequence.positions.size();
    for (std::size_t n = 0; n < sequence.positions.size(); ++n, ++questions) {
      const auto first = sequence.targets.begin() + static_cast<std::ptrdiff_t>(n * m);
      followed +=
          std::ranges::count(first, first + static_cast<std::ptrdiff_t>(m), sequence.tokens[sequence.positions[n] + 1]);
    }
  }
  // By chance m of 512: 8000 answers, about 16 of them; Poisson, above 40 with probability 1e-7.
  EXPECT_LT(followed, 40) << "of " << questions;
}

TYPED_TEST(SlotTaskLaws, ASlotOfOneKeyFollowsThePower) {
  for (const double power : {0.01, 1.0, 2.5}) {
    const RecallOptions options{.vocabulary = 8, .pairs = 1, .length = 64, .power = power, .reassigned = 0};
    const int slots = 31, begin = 2;
    std::vector<int> counts(slots);
    std::vector<double> shares(slots);
    double total = 0;
    for (int i = 1; i <= slots; ++i) total += std::pow(i, power) / i;
    for (int i = 1; i <= slots; ++i) shares[i - 1] = std::pow(i, power) / i / total;
    const TypeParam task(options);
    for (std::uint64_t i = 0; i < 40000; ++i) ++counts[(dealt(task, i).positions[0] - begin) / 2];
    EXPECT_LT(chi_square_deviate(counts, shares), most_deviate) << "power " << power;
  }
}

TYPED_TEST(SlotTaskLaws, RefusesOptionsOutOfRange) {
  const auto error_of = [](auto&& change) -> std::string {
    RecallOptions options{.vocabulary = 64, .pairs = 4, .length = 64};
    change(options);
    try {
      TypeParam task(options);
    } catch (const ConfigurationError& error) {
      return error.what();
    }
    return "no error";
  };
  using Options = RecallOptions;
  EXPECT_EQ(error_of([](Options&) {}), "no error");
  EXPECT_EQ(error_of([](Options& o) { o.pairs = 0; }), "pairs = 0: at least 1 is needed");
  EXPECT_EQ(error_of([](Options& o) { o.passes = -1; }), "passes = -1: at least 1 is needed");
  EXPECT_EQ(error_of([](Options& o) { o.fill = "ones"; }), "fill 'ones': allowed is zero or random");
  EXPECT_EQ(error_of([](Options& o) { o.power = 0; }), "power = 0: allowed is a number above 0 and up to 10");
  EXPECT_EQ(error_of([](Options& o) { o.power = 10.5; }), "power = 10.5: allowed is a number above 0 and up to 10");
  EXPECT_EQ(error_of([](Options& o) { o.power = std::nan(""); }),
            "power = nan: allowed is a number above 0 and up to 10");
  EXPECT_EQ(error_of([](Options& o) { o.length = 63; }), "length = 63: an even number of tokens is needed");
}

}  // namespace
}  // namespace palimpsest
