// Points of task text: what is measured of them, and that their outcome depends on the configuration alone.
#include "palimpsest/train/language_learner.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <numbers>
#include <string>
#include <vector>

#include "palimpsest/train/point.hpp"
#include "task/temporary_corpus.hpp"
#include "train/small.hpp"

namespace palimpsest {
namespace {

using testing::HasSubstr;

/// Over after a few steps.
Configuration brief(const TemporaryCorpus& corpus) {
  Configuration c;
  follow_protocol("sequence", c);
  c.task = "text";
  c.model = "sequence";
  c.corpus = corpus.file().string();
  c.segment = 21;
  c.mlp = true;
  c.width = 12;
  c.heads = 2;
  c.key_dim = 6;
  c.rule = "delta";
  c.kernel = "silu_l2";
  c.normalization = "none";
  c.batch = 7;  // of four lanes, some of one segment and some of two
  c.max_steps = 17;
  c.evaluation_every = 5;
  c.learning_rate = 0.01;
  c.largest_gradient = 1;
  return c;
}

std::vector<Configuration> points(const TemporaryCorpus& corpus) {
  std::vector<Configuration> all(6, brief(corpus));
  all[1].memory = "softmax";
  all[1].tokens = "subwords:300";
  all[1].segment = 5;  // some eighths of it have no token
  all[2].kernel = "favor:4";
  all[2].redraw = "every:3";
  all[2].normalization = "attention";
  all[2].rule = "sum";
  all[3].validation = "test";
  all[3].evaluation_segments = 3;
  all[4].smaller_outputs = false;
  all[4].tied = false;
  all[5].carry_state = true;
  all[5].segment = 63;  // a stream passes the end of the text in 17 steps
  all[5].kernel = "elu";
  all[5].normalization = "sum+attention";
  return all;
}

void expect_same_text(const Outcome& a, const Outcome& b) {
  expect_same(a, b);
  ASSERT_TRUE(a.text && b.text);
  EXPECT_EQ(a.text->validation_bits_per_byte, b.text->validation_bits_per_byte);
  EXPECT_EQ(a.text->test_bits_per_byte, b.text->test_bits_per_byte);
  EXPECT_EQ(a.text->test_perplexity_per_word, b.text->test_perplexity_per_word);
  EXPECT_EQ(a.text->loss_by_position, b.text->loss_by_position);
}

TEST(LanguagePoint, DoesNotDependOnTheNumberOfThreads) {
  const TemporaryCorpus corpus(small_text(60));
  for (const auto& configuration : points(corpus)) {
    SCOPED_TRACE(fmt::format("{} {} {}", configuration.memory, configuration.rule, configuration.tokens));
    validate(configuration);
    RunOptions options;
    const auto one = run_point(configuration, options);
    EXPECT_EQ(one.steps, 17);
    for (const int threads : {2, 7}) {
      options.threads = threads;
      expect_same_text(run_point(configuration, options), one);
    }
  }
}

TEST(LanguagePoint, GoesOnFromAnyStepAsIfNothingHadHappened) {
  const TemporaryCorpus corpus(small_text(60));
  for (const auto& configuration : points(corpus)) {
    SCOPED_TRACE(fmt::format("{} {} {}", configuration.memory, configuration.rule, configuration.tokens));
    std::vector<std::string> states;
    RunOptions options;
    options.checkpoints.every = 0;
    options.checkpoints.save = [&](const std::string& state) { states.push_back(state); };
    const auto whole = run_point(configuration, options);
    ASSERT_EQ(std::ssize(states), 17);
    for (const std::size_t step : {std::size_t{1}, std::size_t{6}, std::size_t{16}}) {
      RunOptions resumed;
      resumed.checkpoints.resume = states[step];
      expect_same_text(run_point(configuration, resumed), whole);
    }
  }
}

/// −log₂ p of a split by the model as it starts, one segment after the other, and how many bytes and words that is.
struct Surprise {
  double bits = 0;
  Index bytes = 0, words = 0;
};

Surprise surprise(const Configuration& c, const TextData& data, const TextSplit& split) {
  SequenceModel<float> model(sequence_options(c), c.seed);
  const auto decode = [&](std::size_t count) {
    return std::visit([&](const auto& t) { return t.decode({split.tokens.data(), count}); }, data.tokenizer);
  };
  Surprise all;
  std::size_t at = 0;
  for (Index segment = 0; at + 1 < split.tokens.size(); ++segment) {
    if (c.evaluation_segments > 0 && segment == c.evaluation_segments) break;
    const auto length = std::min<std::size_t>(c.segment, split.tokens.size() - 1 - at);
    TokenBatch batch;
    batch.layout.starts = {0, Index(length)};
    batch.tokens.assign(split.tokens.begin() + Index(at), split.tokens.begin() + Index(at + length));
    batch.targets.assign(split.tokens.begin() + Index(at + 1), split.tokens.begin() + Index(at + length + 1));
    for (Index t = 0; t < Index(length); ++t) batch.positions.push_back(t);
    std::vector<Answered> answered;
    all.bits += model.evaluate(batch, answered) / std::numbers::ln2;
    at += length;
  }
  const auto first = decode(1), whole = decode(at + 1);
  all.bytes = std::ssize(whole) - std::ssize(first);
  all.words = count_words(whole) - count_words(first);
  return all;
}

TEST(LanguageLearner, BitsPerByteAreThoseOfTheWholeSplitOrOfItsFirstSegments) {
  const TemporaryCorpus corpus(small_text(60));
  for (const auto& c : points(corpus)) {
    if (c.carry_state) continue;  // tests/train/carry_state_test.cpp
    SCOPED_TRACE(fmt::format("{} {} {}", c.memory, c.tokens, c.evaluation_segments));
    LanguageLearner<float> learner(c, 1);
    for (const auto& [purpose, split] : {std::pair(Purpose::evaluation, &learner.data().validation),
                                         std::pair(Purpose::final_evaluation, &learner.data().test)}) {
      const auto expected = surprise(c, learner.data(), *split);
      const auto found = learner.evaluate(purpose, 3);
      // Single precision, and sums in another order.
      EXPECT_NEAR(found.bits_per_byte(), expected.bits / double(expected.bytes), 1e-5 * found.bits_per_byte());
      EXPECT_NEAR(std::log2(found.perplexity_per_word()), expected.bits / double(expected.words),
                  1e-5 * expected.bits / double(expected.words));
    }
  }
}

TEST(LanguageLearner, AnUntrainedModelKnowsNothing) {
  const TemporaryCorpus corpus(small_text(60));
  LanguageLearner<float> learner(brief(corpus), 1);
  // Logits are products of two numbers of 0.02 with 12 channels, far from 1.
  EXPECT_NEAR(learner.evaluate(Purpose::final_evaluation, 0).bits_per_byte(), 8, 0.05);
}

TEST(LanguageLearner, LossesByPositionAddUp) {
  const TemporaryCorpus corpus(small_text(60));
  for (const auto& c : points(corpus)) {
    LanguageLearner<float> learner(c, 1);
    double sum = 0;
    std::map<Index, double> counts;  // tokens by eighth, counted one by one
    const auto found = learner.evaluate(Purpose::final_evaluation, 0, [&](const TokenSequence& sequence, const auto&) {
      for (const int position : sequence.positions) ++counts[position * 8 / c.segment];
    });
    for (Index i = 0; i < 8; ++i) {
      EXPECT_EQ(found.loss_by_position[i].has_value(), counts[i] > 0);
      sum += found.loss_by_position[i].value_or(0) * counts[i];
    }
    EXPECT_NEAR(sum / double(found.predicted.tokens), found.loss, 1e-9);
  }
}

TEST(LanguageLearner, TrainsOnOneSplitChoosesByAnotherAndIsJudgedByTheThird) {
  const TemporaryCorpus corpus(small_text(60));
  const auto c = brief(corpus);
  LanguageLearner<float> learner(c, 1);
  for (const auto& [purpose, split] : {std::pair(Purpose::evaluation, &learner.data().validation),
                                       std::pair(Purpose::final_evaluation, &learner.data().test)}) {
    std::string text;
    learner.evaluate(purpose, 0, [&](const TokenSequence& sequence, const auto&) {
      for (const int token : sequence.targets) text += static_cast<char>(token);
    });
    EXPECT_EQ(text, split->text.substr(1));
  }
}

TEST(LanguagePoint, LearnsWhichByteFollows) {
  // Of 26 letters in a row each tells the next: only the first few of a segment are a guess.
  std::string text;
  for (int document = 0; document < 40; ++document) text += "abcdefghijklmnopqrstuvwxyz\n";
  const TemporaryCorpus corpus(text);
  auto c = brief(corpus);
  c.max_steps = 150;
  c.evaluation_every = 50;
  c.learning_rate = 0.02;
  const auto outcome = run_point(c, {});
  EXPECT_LT(*outcome.text->test_bits_per_byte, 0.3);
  EXPECT_GT(*outcome.accuracy, 0.95);
  EXPECT_EQ(outcome.text->train_bytes, 36 * 27);
  EXPECT_EQ(outcome.text->validation_bytes, 2 * 27);
  EXPECT_EQ(outcome.text->test_bytes, 2 * 27);
  // A word per document: p of all its 27 bytes.
  EXPECT_NEAR(std::log2(*outcome.text->test_perplexity_per_word), *outcome.text->test_bits_per_byte * 53 / 2, 1e-6);
  EXPECT_NEAR(*outcome.text->validation_bits_per_byte, *outcome.best_loss / std::numbers::ln2, 1e-9);
}

TEST(LanguagePoint, SmallerOutputsStartSmallerByTheRootOfTwiceTheLayers) {
  const TemporaryCorpus corpus(small_text(60));
  auto c = brief(corpus);
  LanguageLearner<float> smaller(c, 1);
  c.smaller_outputs = false;
  LanguageLearner<float> plain(c, 1);
  const auto ours = smaller.parameters(), theirs = plain.parameters();
  for (std::size_t i = 0; i < ours.size(); ++i) {
    const bool is_output = ours[i]->name.ends_with("mixer.output");
    const float factor = is_output ? 2 : 1;  // two layers
    EXPECT_TRUE(theirs[i]->value.isApprox(factor * ours[i]->value, 1e-6f)) << ours[i]->name;
  }
}

TEST(LanguagePoint, BadInputIsNamedWithWhatIsAllowed) {
  const TemporaryCorpus corpus(small_text(60));
  const auto error_of = [&](auto change) -> std::string {
    auto c = brief(corpus);
    change(c);
    try {
      validate(c);
      require_data(c);
      return "no error";
    } catch (const ConfigurationError& error) {
      return error.what();
    }
  };
  EXPECT_EQ(error_of([](auto&) {}), "no error");
  EXPECT_THAT(error_of([](auto& c) { c.tokens = "letters"; }),
              HasSubstr("unknown tokens 'letters'; known: bytes, subwords:N"));
  EXPECT_THAT(error_of([](auto& c) { c.tokens = "subwords:20"; }), HasSubstr("subwords:20: at least 258"));
  EXPECT_THAT(error_of([](auto& c) { c.segment = 0; }), HasSubstr("segment = 0: at least 1"));
  EXPECT_THAT(error_of([](auto& c) { c.segment = 10'000; }), HasSubstr("with segment = 10000 it must be from 10001"));
  EXPECT_THAT(error_of([](auto& c) { c.validation = "train"; }),
              HasSubstr("unknown validation 'train'; known: documents, test"));
  EXPECT_THAT(error_of([](auto& c) { c.corpus = "never_made"; }), HasSubstr("scripts/corpus.sh never_made makes it"));
  EXPECT_THAT(error_of([](auto& c) { c.model = "table"; }), HasSubstr("unknown model 'table'; known: sequence"));
}

}  // namespace
}  // namespace palimpsest
