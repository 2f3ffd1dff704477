// Points of question_answering: baselines over the evaluated questions, and what training predicts.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "palimpsest/train/point.hpp"
#include "palimpsest/train/sequence_learner.hpp"
#include "train/small.hpp"

namespace palimpsest {
namespace {

Configuration brief() {
  Configuration c;
  follow_protocol("sequence", c);
  c.task = "question_answering";
  c.model = "sequence";
  c.entities = 3;
  c.places = "5";
  c.width = c.key_dim = 12;
  c.rule = "delta";
  c.normalization = "l2";
  c.batch = 7;
  c.max_steps = 4;
  c.evaluation_every = 2;
  c.evaluation_sequences = 9;
  return c;
}

TEST(QuestionPoint, BaselinesAreOfTheQuestionsThatTheModelAnswers) {
  for (const std::string kinds : {"one_fact", "yes_no", "all"}) {
    Configuration c = brief();
    c.kinds = kinds;
    validate(c);
    const auto outcome = run_point(c, {});
    SequenceLearner<float> learner(c, 1);
    int recent = 0, questions = 0;
    std::map<std::string, int> answers;
    const auto task = std::get<QuestionAnswering>(make_token_tasks(c, true)[0].task);
    learner.evaluate(Purpose::final_evaluation, 0, [&](const TokenSequence& sequence, std::span<const Answered>) {
      std::string place;
      std::vector<std::string> words;
      for (const int token : sequence.tokens) words.push_back(task.word(token));
      for (std::size_t t = 0; t < words.size(); ++t) {
        if (words[t] == "." && (words[t - 3] == "to" || words[t - 3] == "in") && words[t - 2] == "the")
          place = words[t - 1];
        if (words[t] == "<eos>") place.clear();
        if (words[t] != "?") continue;
        ++questions, ++answers[words[t + 1]], recent += words[t + 1] == place;
      }
    });
    int most = 0;
    for (const auto& [word, times] : answers) most = std::max(most, times);
    EXPECT_DOUBLE_EQ(*outcome.baseline_recent, recent / double(questions)) << kinds;
    EXPECT_DOUBLE_EQ(*outcome.baseline_majority, most / double(questions)) << kinds;
  }
}

TEST(QuestionPoint, OtherTasksHaveNoBaselines) {
  Configuration c = brief();
  c.task = "mqar";
  EXPECT_FALSE(run_point(c, {}).baseline_recent);
}

TEST(QuestionPoint, TrainingPredictsAnswersOrEveryTokenAndEvaluationAnswers) {
  Configuration c = brief();
  c.embedding = "unit_sphere";
  const auto answers = run_point(c, {});
  c.loss = "all";
  validate(c);
  const auto all = run_point(c, {});
  EXPECT_NE(answers.train_loss, all.train_loss);
  EXPECT_EQ(answers.baseline_majority, all.baseline_majority) << "the same questions are evaluated";
  const auto trained = any_sequence(make_token_tasks(c, false)[0]), tested = any_sequence(make_token_tasks(c, true)[0]);
  EXPECT_EQ(trained.tokens, tested.tokens);
  EXPECT_EQ(trained.positions.size(), trained.tokens.size() - 1);
  EXPECT_EQ(tested.positions.size(), 3u);
}

TEST(QuestionPoint, DoesNotDependOnTheNumberOfThreads) {
  Configuration c = brief();
  c.kinds = "all";  // stories of several lengths side by side
  RunOptions options;
  const auto one = run_point(c, options);
  options.threads = 3;
  expect_same(run_point(c, options), one);
}

TEST(QuestionPoint, LearnsWhereTwoPeopleAre) {
  Configuration c = brief();
  c.entities = 2;
  c.places = "3";
  c.facts = 1;
  c.kernel = "silu_l2";
  c.normalization = "none";
  c.width = c.key_dim = 24;
  c.conv = 6;
  c.embedding = "unit_sphere";
  c.batch = 32;
  c.learning_rate = 1e-2;
  c.max_steps = 400;
  c.evaluation_every = 50;
  c.evaluation_sequences = 128;
  const auto outcome = run_point(c, {});
  EXPECT_EQ(outcome.reason, "target_accuracy");
  EXPECT_GT(*outcome.accuracy, 0.95);
  EXPECT_LT(*outcome.baseline_recent, 0.8) << "½ + ½·⅓, of 256 questions";
}

TEST(QuestionPoint, IsTrainedOnTheSequencesThatAreShown) {
  Configuration c = brief();
  const auto members = make_token_tasks(c, false);
  TokenSequence sequence, same;
  deal_training(members, c.seed, 5, sequence);
  Stream stream(c.seed, Purpose::training, 5);
  std::get<QuestionAnswering>(members[0].task).deal(stream, same);
  EXPECT_EQ(sequence.tokens, same.tokens);
  const auto text = to_text(members[0], sequence);
  EXPECT_EQ(text, std::get<QuestionAnswering>(members[0].task).text(sequence));
  EXPECT_EQ(std::ranges::count(text, '?'), 3);
}

TEST(TokenText, IsOfNumbersWhereATaskHasNoWords) {
  const TokenMember stacked{2, StackedMqar({.vocabulary = 9, .pairs = 2})};
  EXPECT_EQ(to_text(stacked, {{3, 5, 5, 3}, {8, 1, -1, -1}, {2, 3}, {1, 8}, {1, 3}}), "3:8 5:1 5?1 3?8\n");
  const TokenMember sets{2, MultiValue({.pairs = 2, .length = 8, .values_per_key = 2})};
  EXPECT_EQ(to_text(sets, {{3, 5, 3, 6, 3, 0}, {}, {4}, {5, 6}, {1}}), "3 5 3 6 3?5,6 0\n");
}

}  // namespace
}  // namespace palimpsest
