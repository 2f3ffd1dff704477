// Answers are as frequent as chance has them, so that no constant and no recent place is an answer.
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "palimpsest/task/question_answering.hpp"
#include "task/chi_square.hpp"
#include "task/token_sequences.hpp"

namespace palimpsest {
namespace {

using Options = QuestionAnsweringOptions;

constexpr Index stories = 4000;

/// How often each word is the answer to the last question of a story; stories are independent of each other.
std::map<std::string, int> answers(const Options& options) {
  const QuestionAnswering task(options);
  std::map<std::string, int> counts;
  for (Index i = 0; i < stories; ++i) ++counts[task.word(dealt(task, static_cast<std::uint64_t>(i)).targets.back())];
  return counts;
}

std::vector<int> numbers(const std::map<std::string, int>& counts) {
  std::vector<int> all;
  for (const auto& [word, count] : counts) all.push_back(count);
  return all;
}

TEST(QuestionStatistics, AnswersOfAKindAreEquallyFrequent) {
  const std::map<std::string, std::size_t> expected{{"one_fact", 7},    {"two_facts", 7},   {"three_facts", 7},
                                                    {"yes_no", 2},      {"counting", 3},    {"before_after", 7},
                                                    {"coreference", 7}, {"conjunction", 7}, {"negation", 2}};
  for (const auto& [kind, different] : expected) {
    const auto counts = numbers(answers({.kinds = kind, .entities = 5, .places = 7, .objects = 3, .facts = 3}));
    ASSERT_EQ(counts.size(), different) << kind;
    EXPECT_LT(chi_square_deviate(counts), most_deviate) << kind;
  }
}

TEST(QuestionStatistics, ListsAreOfOneAndOfTwoThingsEquallyOften) {
  std::vector<int> one, two;
  int ones = 0, twos = 0;
  for (const auto& [word, count] : answers({.kinds = "lists", .entities = 5, .places = 3, .objects = 5})) {
    const bool is_one = word.find(',') == word.npos;
    (is_one ? one : two).push_back(count);
    (is_one ? ones : twos) += count;
  }
  ASSERT_EQ(one.size(), 5u);
  ASSERT_EQ(two.size(), 10u);
  EXPECT_LT(chi_square_deviate(one), most_deviate);
  EXPECT_LT(chi_square_deviate(two), most_deviate);
  EXPECT_LT(chi_square_deviate({ones, twos}), most_deviate);
}

TEST(QuestionStatistics, OfGiftsAFifthOfTheAnswersAreThings) {
  std::vector<int> actors, things;
  int all_actors = 0, all_things = 0;
  for (const auto& [word, count] : answers({.kinds = "giving", .entities = 5, .places = 3, .objects = 3})) {
    const bool is_thing = word == "football" || word == "apple" || word == "milk";
    (is_thing ? things : actors).push_back(count);
    (is_thing ? all_things : all_actors) += count;
  }
  ASSERT_EQ(actors.size(), 5u);
  ASSERT_EQ(things.size(), 3u);
  EXPECT_LT(chi_square_deviate(actors), most_deviate);
  EXPECT_LT(chi_square_deviate(things), most_deviate);
  EXPECT_LT(chi_square_deviate({all_actors, all_things}, {0.8, 0.2}), most_deviate);
}

TEST(QuestionStatistics, StoriesAreOfEachKindEquallyOften) {
  Options options{.kinds = "one_fact yes_no counting", .entities = 3, .places = 3, .objects = 3};
  const QuestionAnswering task(options);
  std::map<std::string, int> first;
  for (Index i = 0; i < stories; ++i) {
    const auto sequence = dealt(task, static_cast<std::uint64_t>(i));
    int question = sequence.positions[0];
    while (task.word(sequence.tokens[question - 1]) != ".") --question;
    ++first[task.word(sequence.tokens[question])];
  }
  ASSERT_EQ(first.size(), 3u);
  EXPECT_LT(chi_square_deviate(numbers(first)), most_deviate);
}

/// The share of questions that the most recent place answers; 1 story a sequence.
double recent(const Options& options) {
  const QuestionAnswering task(options);
  int right = 0;
  for (Index i = 0; i < stories; ++i) {
    const auto sequence = dealt(task, static_cast<std::uint64_t>(i));
    right += task.most_recent_places(sequence).back() == sequence.targets.back();
  }
  return right / static_cast<double>(stories);
}

double spread(double share) { return std::sqrt(share * (1 - share) / stories); }

TEST(QuestionStatistics, TheMostRecentPlaceIsRightForTheLastActorAndElseByChance) {
  for (const auto& [A, P] : {std::pair<Index, Index>{1, 5}, {5, 7}, {17, 3}, {33, 63}}) {
    const double share = 1.0 / A + (1 - 1.0 / A) / P;  // who moved last is asked, or somebody elsewhere, uniformly
    EXPECT_NEAR(recent({.entities = A, .places = P, .facts = 2}), share, 5 * spread(share) + 1e-9)
        << A << " actors, " << P << " places";
  }
}

TEST(QuestionStatistics, TheMostRecentPlaceIsOfTheLastStatementOfItsStory) {
  const QuestionAnswering task(
      {.kinds = "two_facts lists", .entities = 5, .places = 7, .objects = 3, .facts = 2, .stories = 4});
  for (std::uint64_t i = 0; i < 40; ++i) {
    const auto sequence = dealt(task, i);
    const auto places = task.most_recent_places(sequence);
    ASSERT_EQ(places.size(), sequence.positions.size());
    for (std::size_t n = 0; n < places.size(); ++n) {
      int t = sequence.positions[n];  // back to the last `to the PLACE .`
      while (!(task.word(sequence.tokens[t]) == "." && task.word(sequence.tokens[t - 3]) == "to")) --t;
      EXPECT_EQ(places[n], sequence.tokens[t - 1]);
    }
  }
}

TEST(QuestionStatistics, PlacesAreOverwrittenTwicePerActorAtTwiceAsManyFacts) {
  const QuestionAnswering task({.entities = 9, .places = 9, .facts = 2});
  double moves = 0;
  for (Index i = 0; i < stories; ++i) {
    const auto sequence = dealt(task, static_cast<std::uint64_t>(i));
    const int asked = sequence.tokens[sequence.positions.back() - 1];
    for (int t = 0; t < sequence.positions.back() - 1; ++t)
      moves += sequence.tokens[t] == asked && task.word(sequence.tokens[t + 1]) != "?";
  }
  // 1 + Bin(18, 1/9): variance 16/9
  EXPECT_NEAR(moves / stories, 3, 5 * std::sqrt(16.0 / 9 / stories));
}

}  // namespace
}  // namespace palimpsest
