// Segments that start with the state of the one before: a stream's losses are those of one long sequence, and begin anew where the
// text does.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "palimpsest/train/language_learner.hpp"
#include "task/temporary_corpus.hpp"

namespace palimpsest {
namespace {

using testing::HasSubstr;

Configuration carrying(const TemporaryCorpus& corpus) {
  Configuration c;
  follow_protocol("sequence", c);
  c.task = "text";
  c.model = "sequence";
  c.corpus = corpus.file().string();
  c.segment = 61;
  c.carry_state = true;
  c.width = 12;
  c.heads = 2;
  c.key_dim = 6;
  c.rule = "delta";
  c.kernel = "elu";
  c.normalization = "sum+attention";
  c.batch = 5;
  return c;
}

std::vector<Configuration> memories(const TemporaryCorpus& corpus) {
  std::vector<Configuration> all(4, carrying(corpus));
  all[1].kernel = "silu_l2", all[1].rule = "kda", all[1].normalization = "none";
  all[2].rule = "sum", all[2].normalization = "attention", all[2].conv = 0;
  all[3].kernel = "silu_l2", all[3].rule = "momentum_delta", all[3].normalization = "none", all[3].conv = 7;
  return all;
}

/// Losses of tokens `first` … `end` − 1 of a split where these are one sequence, all of it; its state is never carried.
std::vector<double> losses_of_one(SequenceModel<float>& model, const std::vector<int>& tokens, Index first, Index end) {
  TokenBatch batch;
  batch.layout.starts = {0, end - first};
  batch.tokens.assign(tokens.begin() + first, tokens.begin() + end);
  batch.targets.assign(tokens.begin() + first + 1, tokens.begin() + end + 1);
  for (Index t = 0; t < end - first; ++t) batch.positions.push_back(t);
  std::vector<Answered> answered;
  model.evaluate(batch, answered);
  std::vector<double> losses;
  for (const auto& one : answered) losses.push_back(one.loss);
  return losses;
}

// Single precision, through two layers whose answers are normalised: some hundred roundings of 1e-7, of losses of about 5.
constexpr double kInFloat = 2e-4;

/// Away from its start, where answers are so small that no memory shows.
void disturb(const std::vector<Parameter<float>*>& parameters) {
  std::uint64_t number = 0;
  for (auto* parameter : parameters) {
    Stream stream(11, Purpose::test, number++);
    Matrix<float> noise(parameter->value.rows(), parameter->value.cols());
    fill_normal<float>(stream, noise);
    parameter->value += 0.3f * noise;
  }
}

TEST(CarryState, TrainsOnStreamsThatBeginAnewWhereTheTextDoes) {
  const TemporaryCorpus corpus(small_text(20));  // some twenty segments
  for (const auto& c : memories(corpus)) {
    SCOPED_TRACE(fmt::format("{} {}", c.rule, c.normalization));
    LanguageLearner<float> learner(c, 1);
    disturb(learner.parameters());
    const Text task(text_options(c));
    const auto& data = learner.data();
    const auto& tokens = data.training.tokens;
    const Index all = (std::ssize(tokens) - 1) / c.segment;
    ASSERT_GT(all, 12);
    Index wrapped = 0;
    for (Index step = 0; step < 12; ++step) {
      const double loss = learner.learn(step);
      double expected = 0;
      for (Index b = 0; b < c.batch; ++b) {
        const Index first = task.segment_of_stream(data, c.seed, b, c.batch, 0);
        const Index now = task.segment_of_stream(data, c.seed, b, c.batch, step);
        EXPECT_EQ(now, (first + step) % all);
        const Index begins = now < first ? 0 : first;
        wrapped += now < first;
        const auto losses = losses_of_one(learner.model(), tokens, begins * c.segment, (now + 1) * c.segment);
        for (auto loss = losses.end() - c.segment; loss != losses.end(); ++loss) expected += *loss;
      }
      EXPECT_NEAR(loss, expected / double(c.batch * c.segment), kInFloat) << "step " << step;
    }
    EXPECT_GT(wrapped, 5);
  }
}

TEST(CarryState, StreamsAreFarApartAndStartWhereTheSeedSays) {
  const TemporaryCorpus corpus(small_text(60));
  const auto c = carrying(corpus);
  const Text task(text_options(c));
  const auto data = task.data();
  const Index all = (std::ssize(data->training.tokens) - 1) / c.segment;
  std::vector<Index> starts;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    starts.push_back(task.segment_of_stream(*data, seed, 0, 5, 0));
    for (Index b = 1; b < 5; ++b) {
      const Index behind = (task.segment_of_stream(*data, seed, b, 5, 0) - starts.back() + all) % all;
      EXPECT_NEAR(double(behind), double(b * all) / 5, 1);
    }
  }
  std::ranges::sort(starts);
  EXPECT_LT(starts.front(), all / 4);
  EXPECT_GT(starts.back(), all - all / 4);
}

TEST(CarryState, EvaluatesASplitAsFourSequences) {
  const TemporaryCorpus corpus(small_text(200));
  for (const auto& c : memories(corpus)) {
    SCOPED_TRACE(fmt::format("{} {}", c.rule, c.normalization));
    for (const Index segments : {0, 3, 7}) {
      auto some = c;
      some.evaluation_segments = segments;
      LanguageLearner<float> learner(some, 1);
      disturb(learner.parameters());
      const auto& split = learner.data().test;
      const Text task(text_options(some));
      const Index all = task.segments(split);
      ASSERT_GT(all, 2);
      std::vector<double> expected;
      for (Index part = 0; part < 4; ++part) {
        const Index first = all * part / 4 * c.segment;
        const Index end = std::min(all * (part + 1) / 4 * c.segment, std::ssize(split.tokens) - 1);
        if (end <= first) continue;
        const auto losses = losses_of_one(learner.model(), split.tokens, first, end);
        expected.insert(expected.end(), losses.begin(), losses.end());
      }
      std::vector<double> found;
      const auto evaluation =
          learner.evaluate(Purpose::final_evaluation, 0, [&](const TokenSequence&, const auto& answers) {
            for (const auto& answer : answers) found.push_back(answer.loss);
          });
      ASSERT_EQ(found.size(), expected.size());
      double sum = 0;
      for (std::size_t t = 0; t < found.size(); ++t) {
        ASSERT_NEAR(found[t], expected[t], 10 * kInFloat) << "token " << t;
        sum += expected[t];
      }
      EXPECT_NEAR(evaluation.loss, sum / double(expected.size()), kInFloat);
    }
  }
}

TEST(CarryState, AnEvaluationChangesNoStream) {
  const TemporaryCorpus corpus(small_text(60));
  for (const auto& c : memories(corpus)) {
    LanguageLearner<float> one(c, 1), other(c, 3);
    for (Index step = 0; step < 3; ++step) {
      other.evaluate(Purpose::evaluation, step);
      EXPECT_EQ(one.learn(step), other.learn(step));
    }
  }
}

TEST(CarryState, WhatHasNoStateIsNamedWithWhatIsAllowed) {
  const TemporaryCorpus corpus(small_text(60));
  const auto error_of = [&](auto change) -> std::string {
    auto c = carrying(corpus);
    change(c);
    try {
      validate(c);
      return "no error";
    } catch (const ConfigurationError& error) {
      return error.what();
    }
  };
  EXPECT_EQ(error_of([](auto&) {}), "no error");
  EXPECT_EQ(error_of([](auto& c) { c.memory = "softmax"; }),
            "carry_state = true: memory 'softmax' keeps pairs and no state of fixed size; allowed is fast_weight");
  EXPECT_THAT(error_of([](auto& c) { c.memory = "window:7"; }), HasSubstr("memory 'window:7' keeps pairs"));
  EXPECT_THAT(error_of([](auto& c) { c.rule = "rls", c.normalization = "none"; }),
              HasSubstr("carry_state = true: rule 'rls' can't go on"));
  EXPECT_THAT(error_of([](auto& c) { c.rule = "fwm2021", c.normalization = "none"; }),
              HasSubstr("rule 'fwm2021' isn't linear"));
  EXPECT_EQ(error_of([](auto& c) { c.kernel = "favor:8", c.redraw = "every_step"; }),
            "carry_state = true with redraw = 'every_step': a state is of the features it was written with; allowed is "
            "fixed");
  EXPECT_EQ(error_of([](auto& c) { c.kernel = "favor:8"; }), "no error");
  EXPECT_EQ(error_of([](auto& c) { c.redraw = "every_step"; }), "no error") << "of a kernel that draws nothing";
  EXPECT_EQ(error_of([](auto& c) { c.memory = "softmax", c.carry_state = false; }), "no error");
}

}  // namespace
}  // namespace palimpsest
