// Points of tasks of tokens: what they are made of, and that their outcome depends on the configuration alone.
#include "palimpsest/train/sequence_learner.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

#include "palimpsest/train/point.hpp"
#include "train/small.hpp"

namespace palimpsest {
namespace {

using testing::HasSubstr;

/// Over after a few steps.
Configuration brief() {
  Configuration c;
  follow_protocol("sequence", c);
  c.task = "mqar";
  c.model = "sequence";
  c.vocabulary = 32;
  c.pairs = 3;
  c.train_pairs = c.test_pairs = "3";
  c.length = c.test_length = "14";
  c.width = 12;
  c.heads = 2;
  c.key_dim = 6;
  c.rule = "delta";
  c.normalization = "l2";
  c.batch = 7;  // of four lanes, some of one sequence and some of two
  c.max_steps = 17;
  c.evaluation_every = 5;
  c.evaluation_sequences = 9;
  c.learning_rate = 0.02;
  return c;
}

void expect_same_tokens(const Outcome& a, const Outcome& b) {
  expect_same(a, b);
  EXPECT_EQ(a.steps_to_target, b.steps_to_target);
  EXPECT_EQ(a.accuracy_error, b.accuracy_error);
  EXPECT_EQ(a.sequence_accuracy, b.sequence_accuracy);
  EXPECT_EQ(a.accuracy_by_distance, b.accuracy_by_distance);
}

std::vector<Configuration> points() {
  std::vector<Configuration> all(8, brief());
  all[1].memory = "softmax";
  all[2].kernel = "favor:4";
  all[2].redraw = "every:3";
  all[2].normalization = "attention";
  all[2].rule = "sum";
  all[3].examples = 10;
  all[3].largest_gradient = 0.1;
  all[4].task = "stacked_mqar";
  all[4].frozen = true;
  all[4].conv = 0;
  all[5].train_pairs = "1 3";
  all[5].test_pairs = "1 2 3";
  all[5].length = all[5].test_length = "6pairs";
  all[6].rule = "delta_product:2";
  all[6].mlp = true;
  all[6].tied = false;
  all[7] = all[2];
  all[7].redraw = "every_step";
  return all;
}

TEST(SequencePoint, DoesNotDependOnTheNumberOfThreads) {
  for (const auto& configuration : points()) {
    SCOPED_TRACE(fmt::format("{} {} {}", configuration.task, configuration.memory, configuration.rule));
    validate(configuration);
    RunOptions options;
    const auto one = run_point(configuration, options);
    EXPECT_EQ(one.steps, 17);
    ASSERT_TRUE(one.final_loss);
    for (const int threads : {2, 4, 7}) {
      options.threads = threads;
      expect_same_tokens(run_point(configuration, options), one);
    }
  }
}

TEST(SequencePoint, GoesOnFromAnyStepAsIfNothingHadHappened) {
  for (const auto& configuration : points()) {
    SCOPED_TRACE(fmt::format("{} {} {}", configuration.task, configuration.memory, configuration.kernel));
    std::vector<std::string> states;
    RunOptions options;
    options.checkpoints.every = 0;
    options.checkpoints.save = [&](const std::string& state) { states.push_back(state); };
    const auto whole = run_point(configuration, options);
    ASSERT_EQ(std::ssize(states), 17);
    for (const std::size_t step : {std::size_t{1}, std::size_t{6}, std::size_t{16}}) {
      RunOptions resumed;
      resumed.checkpoints.resume = states[step];
      expect_same_tokens(run_point(configuration, resumed), whole);
    }
  }
}

TEST(SequencePoint, LearnsPairsThatAreWritten) {
  Configuration c = brief();
  c.kernel = "silu_l2";
  c.normalization = "none";
  c.width = c.key_dim = 16;
  c.heads = 1;
  c.vocabulary = 16;
  c.pairs = 2;
  c.train_pairs = c.test_pairs = "2";
  c.length = c.test_length = "8";
  c.batch = 32;
  c.max_steps = 400;
  c.evaluation_every = 50;
  c.evaluation_sequences = 64;
  const auto outcome = run_point(c, {});
  EXPECT_EQ(outcome.reason, "target_accuracy");
  ASSERT_TRUE(outcome.steps_to_target);
  EXPECT_EQ(*outcome.steps_to_target, outcome.steps);
  EXPECT_GT(*outcome.accuracy, 0.97);
  EXPECT_GE(*outcome.accuracy, *outcome.sequence_accuracy);
  c.max_steps = 1;
  const auto untrained = run_point(c, {});
  EXPECT_FALSE(untrained.steps_to_target);
  EXPECT_NEAR(*untrained.train_loss, std::log(16.0), 0.01 * std::log(16.0));
}

TEST(SequencePoint, SlicesAreOfTheNumbersOfPairsThatAreTested) {
  const auto mixture = run_point(points()[5], {});
  ASSERT_EQ(mixture.slices.size(), 3u);
  double mean = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(mixture.slices[i].size, Index(i) + 1);
    mean += mixture.slices[i].accuracy / 3;
  }
  EXPECT_DOUBLE_EQ(*mixture.accuracy, mean);
  EXPECT_TRUE(run_point(brief(), {}).slices.empty()) << "one number of pairs, the one that is trained";
}

TEST(SequencePoint, AFixedSetIsTrainedInAnotherOrderEveryEpoch) {
  Configuration c = brief();
  c.examples = 7;  // as many as a batch: every step has the same sequences
  c.learning_rate = 1e-9;
  c.evaluation_every = 1;
  c.max_steps = 4;
  const auto fixed = run_point(c, {});
  for (const auto& at : fixed.curve) EXPECT_NEAR(at.train_loss, fixed.curve[0].train_loss, 1e-5);
  c.examples = 0;
  const auto fresh = run_point(c, {});
  EXPECT_GT(std::abs(fresh.curve[1].train_loss - fresh.curve[0].train_loss), 1e-5);
  c.examples = 14;
  const auto half = run_point(c, {});  // two steps per epoch, of other sequences
  EXPECT_GT(std::abs(half.curve[1].train_loss - half.curve[0].train_loss), 1e-5);
  EXPECT_NEAR(half.curve[0].train_loss + half.curve[1].train_loss, half.curve[2].train_loss + half.curve[3].train_loss,
              1e-4);
  EXPECT_GT(std::abs(half.curve[2].train_loss - half.curve[0].train_loss), 1e-6) << "shuffled anew";
}

TEST(SequencePoint, StateFloatsAreThoseOfTheFormula) {
  Configuration c = brief();
  const auto floats = [&] { return *run_point(c, {}).state_floats; };
  c.max_steps = 1;
  const Index convolution = 3 * (2 * 2 * 6 + 12);
  EXPECT_EQ(floats(), 2 * (2 * 6 * 6 + convolution)) << "H·p·d_v and three tokens of q, k and v, two layers";
  c.conv = 0;
  EXPECT_EQ(floats(), 2 * (2 * 6 * 6));
  c.normalization = "attention";
  c.rule = "sum";
  EXPECT_EQ(floats(), 2 * (2 * 6 * 6 + 2 * 6)) << "an accumulator per head";
  c.kernel = "dpfp:1";
  EXPECT_EQ(floats(), 2 * (2 * 12 * 6 + 2 * 12));
  c.memory = "softmax";
  EXPECT_EQ(floats(), 2 * (2 * 6 + 12) * 14) << "all keys and values of 14 tokens";
  c.memory = "window:5";
  EXPECT_EQ(floats(), 2 * (2 * 6 + 12) * 5);
  c.memory = "window:100";
  EXPECT_EQ(floats(), 2 * (2 * 6 + 12) * 14) << "more than there are tokens";
  c = brief();
  c.max_steps = 1;
  c.conv = 0;
  c.rule = "mesa";
  EXPECT_EQ(floats(), 2 * (2 * 6 * 6 + 2 * 6 * 6)) << "p×p more per head";
  c.rule = "momentum_delta";
  EXPECT_EQ(floats(), 2 * (2 * 6 * 6) * 2) << "M is as large as W";
  c.rule = "delta_product:2";
  c.conv = 4;
  EXPECT_EQ(floats(), 2 * (2 * 6 * 6 + 3 * (2 * 6 + 2 * 2 * 6 + 2 * 12))) << "two keys and two values per token";
}

TEST(SequencePoint, StateFloatsAreThoseOfTheLongestEvaluatedSequence) {
  Configuration c = brief();
  c.memory = "softmax";
  c.conv = 0;
  c.max_steps = 1;
  c.test_pairs = "3 6";
  c.test_length = "6pairs";
  EXPECT_EQ(run_point(c, {}).state_floats, 2 * (2 * 6 + 12) * 36);
}

TEST(SequenceLearner, CountsWhatOtherThreadsDid) {
  for (const int threads : {1, 2}) {
    SequenceLearner<float> learner(brief(), threads);
    EXPECT_EQ(learner.seconds_of_others(), 0);
    learner.learn(0);
    EXPECT_EQ(learner.seconds_of_others() > 0, threads > 1) << threads;
  }
}

TEST(SequenceLearner, DrawsFeaturesForEveryEvaluationIfForEveryPass) {
  Configuration c = brief();
  c.kernel = "favor:4";
  c.rule = "sum";
  c.normalization = "attention";
  const auto loss = [&](const char* redraw, Purpose purpose, Index step) {
    c.redraw = redraw;
    SequenceLearner<float> learner(c, 1);
    learner.learn(step);
    return learner.evaluate(purpose, 0).loss;
  };
  const double drawn = loss("every_step", Purpose::final_evaluation, 0);
  EXPECT_NE(drawn, loss("fixed", Purpose::final_evaluation, 0));
  EXPECT_EQ(drawn, loss("every_step", Purpose::final_evaluation, 5)) << "whatever step came before";
  EXPECT_NE(loss("fixed", Purpose::evaluation, 0), loss("every_step", Purpose::evaluation, 0));
  EXPECT_NE(loss("every:5", Purpose::evaluation, 0), loss("every:5", Purpose::evaluation, 5)) << "those of the step";
}

/// Every component of every list, by kind, each in a point of which it is the only change.
std::vector<std::pair<std::string, Configuration>> parts() {
  std::vector<std::pair<std::string, Configuration>> all;
  const auto add = [&]<class List>(const char* kind, std::string Configuration::*field, List) {
    List::for_each([&]<class C>() {
      Configuration c = brief();
      c.max_steps = 12;  // tokens start small, and differences with them
      c.learning_rate = 0.1;
      c.*field = TakesArgument<C> ? fmt::format("{}:2", C::name) : std::string(C::name);
      // Features of a kernel that may all be 0 have no direction.
      const bool plain =
          c.kernel == "rff:2" || c.kernel == "tanh" || c.kernel == "identity" || c.kernel.starts_with("relu");
      if (plain) c.normalization = "none", c.rule = "sum";
      if (c.task == "multi_value") c.values_per_key = 3;
      if (c.task == "text") c.corpus = PALIMPSEST_SOURCE_DIR "/README.md";
      all.emplace_back(kind, c);
    });
  };
  add("task", &Configuration::task, TokenTasks());
  add("memory", &Configuration::memory, TokenMemories<float>());
  add("kernel", &Configuration::kernel, Kernels<float>());
  add("rule", &Configuration::rule, Rules<float>());
  add("normalization", &Configuration::normalization, Normalizations<float>());
  return all;
}

TEST(SequencePoint, TheComponentThatItNamesIsTheOneThatRunsAndNoTwoAreAlike) {
  std::map<std::string, std::set<double>> losses;
  std::map<std::string, std::size_t> ran;
  for (const auto& [kind, c] : parts()) {
    const std::map<std::string, std::string> named{{"task", c.task},     {"memory", c.memory},
                                                   {"kernel", c.kernel}, {"rule", c.rule},
                                                   {"model", c.model},   {"normalization", c.normalization}};
    SCOPED_TRACE(fmt::format("{} {}", kind, named.at(kind)));
    if (c.rule == "fwm2021") {  // has no coefficients
      EXPECT_THROW(validate(c), ConfigurationError);
      continue;
    }
    validate(c);
    if (reason_to_skip(c)) continue;
    const auto outcome = run_point(c, {});
    bool found = false;
    for (const auto& [of, component] : outcome.parts) {
      EXPECT_EQ(component, named.at(of)) << of;
      found |= of == kind;
    }
    EXPECT_TRUE(found);
    ASSERT_TRUE(outcome.train_loss && std::isfinite(*outcome.train_loss));
    losses[kind].insert(*outcome.train_loss);
    ++ran[kind];
  }
  for (const auto& [kind, values] : losses) EXPECT_EQ(values.size(), ran[kind]) << kind << ": two do the same";
}

struct Bad {
  const char* what;
  void (*change)(Configuration&);
  const char* message;
};

TEST(SequencePoint, BadInputIsNamedWithWhatIsAllowed) {
  for (const auto& [what, change, message] : {
           Bad{"heads", [](Configuration& c) { c.heads = 5; }, "heads = 5: must divide the width, 12"},
           Bad{"model", [](Configuration& c) { c.model = "table"; }, "unknown model 'table'; known: sequence"},
           Bad{"pairs", [](Configuration& c) { c.train_pairs = "4"; }, "length = 14"},
           Bad{"length", [](Configuration& c) { c.length = "15"; }, "length = 15"},
           Bad{"fill", [](Configuration& c) { c.fill = "one"; }, "fill"},
           Bad{"embedding", [](Configuration& c) { c.embedding = "big"; },
               "unknown embedding 'big'; known: normal, unit_sphere"},
           Bad{"memory", [](Configuration& c) { c.memory = "window"; }, "window"},
           Bad{"kernel", [](Configuration& c) { c.kernel = "eluu"; }, "unknown kernel 'eluu'"},
       }) {
    Configuration c = brief();
    change(c);
    try {
      validate(c);
      ADD_FAILURE() << what << " is taken";
    } catch (const ConfigurationError& error) {
      EXPECT_THAT(error.what(), HasSubstr(message)) << what;
    }
  }
}

}  // namespace
}  // namespace palimpsest
