// A point that is interrupted, at whatever step, and goes on from its state ends as if nothing had happened.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <vector>

#include "train/small.hpp"

namespace palimpsest {
namespace {

/// The state before every step, the first one's too; states[n] is that after n steps.
std::vector<std::string> states(const Configuration& configuration, Outcome& outcome) {
  std::vector<std::string> all;
  RunOptions options;
  options.checkpoints.every = 0;
  options.checkpoints.save = [&](const std::string& state) { all.push_back(state); };
  outcome = run_point(configuration, options);
  return all;
}

/// Small points whose evaluations find new bests and miss them, with an evaluation every 7 steps.
std::vector<Configuration> points() {
  std::vector<Configuration> all = {small("elu", 5, 9),      small("dpfp:2", 3, 14),  small("favor:4", 8, 10),
                                    small("favor:4", 8, 10), small("favor:4", 8, 10), small_softmax(8, 10),
                                    small("elu", 5, 9),      small("hedgehog", 5, 9), small("elu", 5, 9)};
  all[2].redraw = "every_step";
  all[3].redraw = "every:5";
  all[4].redraw = "fixed";
  all[6].model = "table";
  all[6].L = 18;
  all[6].replacement = true;
  all[6].evaluation = "published_2021";
  all[8].schedule = "cooldown";  // falls after step 21
  all[8].cooldown = 0.75;
  all[8].warmup = 5;
  for (auto& configuration : all) {
    configuration.batch = 3;
    configuration.learning_rate = 0.5;
    configuration.evaluation_every = 7;
    configuration.evaluation_sequences = 3;
    configuration.max_steps = 37;
  }
  return all;
}

TEST(Resume, FromAnyStepEndsAsTheUninterruptedPoint) {
  int with_other_best = 0;
  for (const auto& configuration : points()) {
    SCOPED_TRACE(fmt::format("{} {} {} {}", configuration.memory, configuration.kernel, configuration.redraw,
                             configuration.model));
    Outcome whole;
    const auto all = states(configuration, whole);
    ASSERT_EQ(static_cast<Index>(all.size()), whole.steps);
    EXPECT_EQ(whole.steps, 37);
    with_other_best += whole.best_step < 37;
    expect_same(run_point(configuration, {}), whole);
    for (const auto& state : all) {
      RunOptions options;
      options.checkpoints.resume = state;
      expect_same(run_point(configuration, options), whole);
    }
  }
  EXPECT_GE(with_other_best, 3) << "points whose best parameters aren't the last";
}

TEST(Resume, TakesOnlyTheStepsThatAreLeft) {
  const auto configuration = points().front();
  Outcome whole;
  const auto all = states(configuration, whole);
  RunOptions options;
  options.checkpoints.resume = all[30];
  options.checkpoints.every = 0;
  Index saved = 0;
  options.checkpoints.save = [&](const std::string&) { ++saved; };
  run_point(configuration, options);
  EXPECT_EQ(saved, 37 - 30);
}

TEST(Resume, AfterManyInterruptionsEndsAsTheUninterruptedPoint) {
  for (const auto& configuration : points()) {
    const Outcome whole = run_point(configuration, {});
    std::string state;
    for (int interruptions = 0;; ++interruptions) {
      std::atomic<bool> cancel = false;
      Index steps = 0;
      RunOptions options;
      options.cancel = &cancel;
      options.checkpoints.resume = state;
      options.checkpoints.every = 0;
      options.checkpoints.save = [&](const std::string& now) {
        state = now;
        cancel = ++steps == 5;
      };
      try {
        expect_same(run_point(configuration, options), whole);
        EXPECT_GE(interruptions, 7);
        break;
      } catch (const Cancelled&) {
      }
    }
  }
}

TEST(Resume, CancellingSavesOnceWhateverTheInterval) {
  const std::atomic<bool> cancel = true;
  int saved = 0;
  RunOptions options;
  options.cancel = &cancel;
  options.checkpoints.every = 1e9;
  options.checkpoints.save = [&](const std::string&) { ++saved; };
  EXPECT_THROW(run_point(points().front(), options), Cancelled);
  EXPECT_EQ(saved, 1);
}

TEST(Resume, ProcessorTimeAddsUp) {
  auto configuration = points().front();
  std::string first;
  RunOptions options;
  options.checkpoints.every = 0;
  options.checkpoints.save = [&](const std::string& state) { first = first.empty() ? state : first; };
  run_point(configuration, options);
  double seconds = 3600;  // as if it had taken an hour so far: the state's last field
  first.replace(first.size() - sizeof seconds, sizeof seconds, reinterpret_cast<const char*>(&seconds), sizeof seconds);
  options = {};
  options.checkpoints.resume = first;
  EXPECT_GE(run_point(configuration, options).seconds, 3600);
}

TEST(Resume, AnotherPointsStateIsAnError) {
  Outcome outcome;
  const auto state = states(small("elu", 5, 9), outcome).back();
  RunOptions options;
  options.checkpoints.resume = state;
  EXPECT_THROW(run_point(small("elu", 6, 9), options), std::runtime_error);
  options.checkpoints.resume = state.substr(0, state.size() - 1);
  EXPECT_THROW(run_point(small("elu", 5, 9), options), std::runtime_error);
  options.checkpoints.resume = state + "x";
  EXPECT_THROW(run_point(small("elu", 5, 9), options), std::runtime_error);
}

}  // namespace
}  // namespace palimpsest
