// Laws of generated stories, over all kinds and worlds of several sizes.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <type_traits>
#include <vector>

#include "palimpsest/task/question_answering.hpp"
#include "palimpsest/task/question_answering/solver.hpp"
#include "task/chi_square.hpp"
#include "task/token_sequences.hpp"

namespace palimpsest {
namespace {

using Options = QuestionAnsweringOptions;
using question_answering::solve;

TokenSequence story(const Options& options, std::uint64_t i) { return dealt(QuestionAnswering(options), i); }

std::vector<std::string> words_of(const QuestionAnswering& task, const TokenSequence& sequence) {
  std::vector<std::string> words;
  for (const int token : sequence.tokens) words.push_back(task.word(token));
  return words;
}

/// Of each kind, worlds of odd sizes, the smallest among them.
std::vector<Options> some_options() {
  std::vector<Options> all;
  for (const auto& kind : question_answering::kinds) {
    const std::string name(kind.name);
    const Index objects = std::max<Index>(kind.objects, 1);
    all.push_back({.kinds = name,
                   .entities = kind.actors,
                   .places = kind.places,
                   .objects = objects,
                   .facts = 9,
                   .questions = 5});
    all.push_back({.kinds = name, .entities = kind.actors, .places = 9, .objects = 7, .facts = 5, .questions = 3});
    all.push_back({.kinds = name, .entities = 17, .places = 11, .objects = 5, .facts = 3, .questions = 3});
    all.push_back(
        {.kinds = name, .entities = 5, .places = 63, .objects = 17, .facts = 1, .questions = 3, .stories = 3});
  }
  all.push_back({.kinds = "all", .entities = 5, .places = 7, .objects = 9, .facts = 7, .questions = 2, .stories = 13});
  return all;
}

class Stories : public testing::TestWithParam<Options> {};
INSTANTIATE_TEST_SUITE_P(, Stories, testing::ValuesIn(some_options()), [](const auto& instance) {
  return fmt::format("{}_{}", instance.param.kinds, instance.index);
});

TEST_P(Stories, TheSolverAnswersEveryQuestion) {
  const QuestionAnswering task(GetParam());
  for (std::uint64_t i = 0; i < 40; ++i) {
    const auto sequence = dealt(task, i);
    const auto words = words_of(task, sequence);
    ASSERT_EQ(std::ssize(sequence.positions), GetParam().questions * GetParam().entities * GetParam().stories);
    ASSERT_EQ(sequence.targets.size(), sequence.positions.size());
    for (std::size_t n = 0; n < sequence.positions.size(); ++n) {
      const auto end = static_cast<std::size_t>(sequence.positions[n]) + 1;
      ASSERT_EQ(words[end - 1], "?");
      ASSERT_EQ(sequence.tokens[end], sequence.targets[n]) << "the answer follows";
      EXPECT_EQ(solve({words.data(), end}).value_or("unknown"), words[end]) << task.text(sequence);
    }
    EXPECT_EQ(std::ranges::count(words, "?"), std::ssize(sequence.positions));
    EXPECT_EQ(std::ranges::count(words, "<eos>"), GetParam().stories);
    EXPECT_EQ(words.back(), "<eos>");
  }
}

TEST_P(Stories, AnswersFollowFromWhatStandsBeforeTheirDistance) {
  const QuestionAnswering task(GetParam());
  for (std::uint64_t i = 0; i < 20; ++i) {
    const auto sequence = dealt(task, i);
    const auto words = words_of(task, sequence);
    ASSERT_EQ(sequence.distances.size(), sequence.positions.size());
    for (std::size_t n = 0; n < sequence.positions.size(); ++n) {
      const int position = sequence.positions[n], fact = position - sequence.distances[n];
      ASSERT_GE(fact, 0);
      ASSERT_EQ(words[fact], ".");
      auto question = position;
      while (words[question - 1] != "." && !(question > 1 && words[question - 2] == "?")) --question;
      std::vector<std::string> shorter(words.begin(), words.begin() + fact + 1);
      shorter.insert(shorter.end(), words.begin() + question, words.begin() + position + 1);
      EXPECT_EQ(solve(shorter).value_or("unknown"), words[position + 1]) << task.text(sequence);
    }
  }
}

TEST_P(Stories, TokensAreOfTheVocabularyAndNoWordStandsForTwo) {
  const QuestionAnswering task(GetParam());
  std::set<std::string> words;
  for (int token = 0; token < task.vocabulary(); ++token) words.insert(task.word(token));
  EXPECT_EQ(std::ssize(words), task.vocabulary());
  EXPECT_EQ(task.outputs(), task.vocabulary());
  for (std::uint64_t i = 0; i < 20; ++i) {
    const auto sequence = dealt(task, i);
    EXPECT_GE(std::ranges::min(sequence.tokens), 0);
    EXPECT_LT(std::ranges::max(sequence.tokens), task.vocabulary());
    EXPECT_TRUE(sequence.partners.empty());
    EXPECT_TRUE(std::ranges::is_sorted(sequence.positions));
  }
}

TEST_P(Stories, AStoryIsAFunctionOfItsStream) {
  const QuestionAnswering task(GetParam());
  TokenSequence used = story({.kinds = "all", .loss = "all"}, 5);  // what was in it doesn't matter
  std::vector<TokenSequence> forwards;
  for (int i = 0; i < 9; ++i) forwards.push_back(dealt(task, i));
  for (int i = 8; i >= 0; --i) {
    Stream stream(1, Purpose::training, i);
    task.deal(stream, used);
    EXPECT_TRUE(used == forwards[i]) << "story " << i;
  }
  EXPECT_FALSE(forwards[0] == forwards[1]);
}

TEST(QuestionAnswering, EveryActorIsPlacedBeforeTheFirstQuestionAndEveryObjectTaken) {
  const QuestionAnswering task({.kinds = "two_facts", .entities = 7, .places = 5, .objects = 19, .facts = 1});
  for (std::uint64_t i = 0; i < 40; ++i) {
    const auto words = words_of(task, dealt(task, i));
    std::set<std::string> placed, taken;
    for (std::size_t t = 0; t + 3 < words.size() && words[t] != "?"; ++t) {
      if (words[t + 2] == "to") placed.insert(words[t]);
      if (words[t] == "took" || words[t] == "got" || words[t] == "grabbed") taken.insert(words[t + 2]);
    }
    EXPECT_GE(placed.size(), 7u);
    EXPECT_EQ(taken.size(), 19u);
  }
}

/// Words of the sentence that ends at the column.
std::string sentence(const std::vector<std::string>& words, int end) {
  std::string text;
  for (int t = end - 1; t >= 0 && words[t] != "."; --t) text = words[t] + " " + text;
  return text;
}

TEST(QuestionAnswering, KindsAskForTheSentencesThatTheyAreNamedAfter) {
  const std::map<std::string, std::string> said{
      {"coreference", "then "}, {"conjunction", " and "}, {"negation", " no longer "}};
  for (const auto& [kind, wanted] : said) {
    const QuestionAnswering task({.kinds = kind, .entities = 5, .places = 7, .questions = 2});
    for (std::uint64_t i = 0; i < 40; ++i) {
      const auto sequence = dealt(task, i);
      const auto words = words_of(task, sequence);
      for (std::size_t n = 0; n < sequence.positions.size(); ++n) {
        const auto fact = sentence(words, sequence.positions[n] - sequence.distances[n]);
        const bool is_said = fact.find(wanted) != fact.npos;
        EXPECT_EQ(is_said, words[sequence.positions[n] + 1] != "yes") << fact;
      }
    }
  }
}

TEST(QuestionAnswering, APronounFollowsNoQuestion) {
  const QuestionAnswering task({.kinds = "coreference", .entities = 2, .places = 3, .facts = 10, .questions = 5});
  for (std::uint64_t i = 0; i < 40; ++i) {
    const auto words = words_of(task, dealt(task, i));
    for (std::size_t t = 2; t < words.size(); ++t) EXPECT_FALSE(words[t] == "then" && words[t - 2] == "?");
  }
}

TEST(QuestionAnswering, FactsStandBetweenTheQuestions) {
  for (const auto& [facts, questions] : {std::pair<Index, Index>{10, 5}, {7, 3}, {5, 5}, {1, 7}}) {
    const QuestionAnswering task({.entities = 3, .places = 5, .facts = facts, .questions = questions});
    const auto words = words_of(task, dealt(task, 1));
    int statements = 0;
    Index asked = 0;
    for (const auto& word : words) {
      statements += word == ".";
      if (word != "?") continue;
      ++asked;
      EXPECT_EQ(statements - 3, (asked * facts + questions - 1) / questions) << "question " << asked;
    }
    EXPECT_EQ(asked, 3 * questions);
  }
}

TEST(QuestionAnswering, OfEveryTokenTheNextIsToBePredicted) {
  Options options{.kinds = "one_fact lists", .entities = 3, .places = 5, .objects = 5, .facts = 2, .stories = 2};
  const auto answers = story(options, 7);
  options.loss = "all";
  const auto all = story(options, 7);
  EXPECT_EQ(all.tokens, answers.tokens);
  ASSERT_EQ(all.positions.size(), all.tokens.size() - 1);
  ASSERT_EQ(all.targets.size(), all.positions.size());
  EXPECT_EQ(all.distances, std::vector<int>(all.positions.size(), 1));
  for (std::size_t t = 0; t < all.positions.size(); ++t) {
    EXPECT_EQ(all.positions[t], static_cast<int>(t));
    EXPECT_EQ(all.targets[t], all.tokens[t + 1]);
  }
}

TEST(QuestionAnswering, ATextIsALineAStatementAndALineAQuestion) {
  const QuestionAnswering task({.entities = 1, .places = 2, .facts = 1});
  const auto sequence = dealt(task, 3);
  const auto words = words_of(task, sequence);
  ASSERT_EQ(words.size(), 18u);
  EXPECT_EQ(task.text(sequence), fmt::format("mary {} to the {} .\nmary {} to the {} .\nwhere is mary ? {}\n<eos>\n",
                                             words[1], words[4], words[7], words[10], words[16]));
}

TEST(QuestionAnswering, EveryOptionChangesWhatIsTold) {
  const Options plain{.kinds = "two_facts"};
  std::vector<std::string> names;
  Options(plain).fields([&](std::string_view name, auto&) { names.emplace_back(name); });
  EXPECT_EQ(names.size(), 8u);
  for (const auto& changed : names) {
    Options options = plain;
    options.fields([&]<class Option>(std::string_view name, Option& option) {
      if (name != changed) return;
      if constexpr (std::is_same_v<Option, std::string>) {
        option = name == "loss" ? "all" : "three_facts";
      } else {
        option += 3;
      }
    });
    bool differs = false;
    for (std::uint64_t i = 0; i < 9; ++i) differs |= !(story(options, i) == story(plain, i));
    EXPECT_TRUE(differs) << changed;
    EXPECT_TRUE(QuestionAnswering::reads(changed));
  }
}

TEST(QuestionAnswering, IsMadeByItsName) {
  static_assert(TokenTask<QuestionAnswering>);
  EXPECT_TRUE(std::holds_alternative<QuestionAnswering>(
      make_component<QuestionTasks>("task", "question_answering", Options{})));
  EXPECT_FALSE(QuestionAnswering::reads("pairs"));
}

TEST(QuestionKinds, AreWrittenInOneWay) {
  const auto written = [](std::string_view text) {
    return question_answering::kinds_text(question_answering::parse_kinds(text));
  };
  EXPECT_EQ(written("negation  one_fact "), "one_fact negation");
  EXPECT_EQ(written("all"), "all");
  std::string every;
  for (const auto& kind : question_answering::kinds) every += fmt::format("{} ", kind.name);
  EXPECT_EQ(written(every), "all");
  EXPECT_EQ(question_answering::parse_kinds("all").size(), 11u);
}

std::string error_of(const Options& options) {
  try {
    (void)QuestionAnswering(options);
  } catch (const ConfigurationError& error) {
    return error.what();
  }
  return "none";
}

TEST(QuestionAnswering, RefusesWhatItCannotTell) {
  const std::string known =
      "allowed is all, or one or several different of: one_fact, two_facts, three_facts, giving, yes_no, counting, "
      "lists, "
      "before_after, coreference, conjunction, negation";
  for (const std::string kinds : {"", " ", "four_facts", "one_fact  one_fact", "all giving", "one_fact,giving"})
    EXPECT_EQ(error_of({.kinds = kinds}), fmt::format("kinds '{}': {}", kinds, known));
  EXPECT_EQ(error_of({.entities = 0}), "entities = 0: allowed is an integer from 1 to 1000000");
  EXPECT_EQ(error_of({.entities = 1'000'001}), "entities = 1000001: allowed is an integer from 1 to 1000000");
  EXPECT_EQ(error_of({.places = -1}), "places = -1: allowed is an integer from 1 to 1000000");
  EXPECT_EQ(error_of({.kinds = "all", .objects = 0}), "objects = 0: allowed is an integer from 1 to 1000000");
  EXPECT_EQ(error_of({.objects = 0}), "none") << "one_fact has none";
  EXPECT_EQ(error_of({.kinds = "lists", .objects = 1001}),
            "objects = 1001: at most 1000 for the kind lists, where each two have a word");
  EXPECT_EQ(error_of({.kinds = "one_fact conjunction", .entities = 1}),
            "entities = 1: at least 2 for the kind conjunction");
  EXPECT_EQ(error_of({.kinds = "giving", .entities = 1}), "entities = 1: at least 2 for the kind giving");
  EXPECT_EQ(error_of({.places = 1}), "places = 1: at least 2 for the kind one_fact");
  EXPECT_EQ(error_of({.kinds = "all", .places = 2}), "places = 2: at least 3 for the kind three_facts");
  EXPECT_EQ(error_of({.facts = 0}), "facts = 0: allowed is an integer from 1 to 1000000");
  EXPECT_EQ(error_of({.questions = 0}), "questions = 0: allowed is an integer from 1 to 1000000");
  EXPECT_EQ(error_of({.stories = 0}), "stories = 0: allowed is an integer from 1 to 1000000");
  EXPECT_EQ(error_of({.loss = "some"}), "loss 'some': allowed is answers or all");
}

}  // namespace
}  // namespace palimpsest
