#include "palimpsest/train/schedule.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "train/small.hpp"

namespace palimpsest {
namespace {

Configuration made(std::string schedule) {
  Configuration configuration;
  configuration.schedule = std::move(schedule);
  configuration.learning_rate = 0.1;
  configuration.max_steps = 1000;
  configuration.evaluation_every = 10;
  configuration.patience = 2;
  configuration.warmup = 0;
  configuration.improvement = 0.1;
  configuration.cooldown = 0.5;
  return configuration;
}

/// What the last of these evaluations, one every ten steps, answers; those before must let training go on.
std::optional<std::string_view> after(Schedule& schedule, const std::vector<double>& losses) {
  Index steps = 0;
  std::optional<std::string_view> end;
  for (const double loss : losses) {
    EXPECT_FALSE(end) << "ended after " << steps;
    end = schedule.evaluated(steps += 10, loss);
  }
  return end;
}

TEST(Schedule, AConstantRateEndsWhereLossesStall) {
  Schedule schedule(made("constant"));
  // .95 isn't a tenth below 1, .89 is; .85 and .82 aren't below .801.
  EXPECT_EQ(after(schedule, {1, .95, .89, .85, .82}), "patience");
  EXPECT_EQ(schedule.rate(0), 0.1);
  EXPECT_EQ(schedule.rate(999), 0.1);
}

TEST(Schedule, ACooldownBeginsWhereLossesStall) {
  Schedule schedule(made("cooldown"));
  EXPECT_EQ(schedule.rate(49), 0.1);
  EXPECT_EQ(after(schedule, {1, .95, .89, .85, .82}), std::nullopt);
  // 25 steps after 50: 1 − √(n/25) of the rate.
  EXPECT_DOUBLE_EQ(schedule.rate(50), 0.1);
  EXPECT_DOUBLE_EQ(schedule.rate(51), 0.08);
  EXPECT_DOUBLE_EQ(schedule.rate(54), 0.06);
  EXPECT_DOUBLE_EQ(schedule.rate(66), 0.02);
  EXPECT_GT(schedule.rate(74), 0);
  EXPECT_FALSE(schedule.is_last(74));
  EXPECT_TRUE(schedule.is_last(75));
  EXPECT_EQ(schedule.evaluated(60, .1), std::nullopt) << "what falls goes on falling";
  EXPECT_TRUE(schedule.is_last(75));
  EXPECT_EQ(schedule.evaluated(75, .1), "cooldown");
}

TEST(Schedule, ACooldownBeginsEarlyEnoughToEndWithTheLastStep) {
  for (const Index most : {1, 9, 10, 11, 100, 137, 1000}) {
    auto configuration = made("cooldown");
    configuration.max_steps = most;
    Schedule schedule(configuration);
    double loss = 1;
    for (Index steps = 1;; ++steps) {
      ASSERT_LE(steps, most);
      if (steps % 10 != 0 && !schedule.is_last(steps)) continue;
      const auto end = schedule.evaluated(steps, loss /= 2);
      if (!end) continue;
      EXPECT_EQ(end, most <= 10 ? "max_steps" : "cooldown") << most;
      EXPECT_GE(steps, most - 15) << most << ": an evaluation's steps, and half as many, are left over at most";
      break;
    }
  }
}

TEST(Schedule, ACosineFallsToZeroAndKnowsNoPatience) {
  auto configuration = made("cosine");
  Schedule schedule(configuration);
  EXPECT_DOUBLE_EQ(schedule.rate(0), 0.1);
  EXPECT_DOUBLE_EQ(schedule.rate(250), 0.05 * (1 + std::sqrt(0.5)));
  EXPECT_DOUBLE_EQ(schedule.rate(500), 0.05);
  EXPECT_GT(schedule.rate(999), 0);
  EXPECT_EQ(after(schedule, std::vector<double>(99, 1.0)), std::nullopt);
  EXPECT_EQ(schedule.evaluated(1000, 1), "max_steps");
}

TEST(Schedule, TheRateRisesOverTheFirstSteps) {
  for (const auto* name : {"constant", "cosine", "cooldown"}) {
    auto configuration = made(name);
    const Schedule flat(configuration);
    configuration.warmup = 4;
    const Schedule schedule(configuration);
    EXPECT_DOUBLE_EQ(schedule.rate(0), 0.25 * flat.rate(0)) << name;
    EXPECT_DOUBLE_EQ(schedule.rate(2), 0.75 * flat.rate(2)) << name;
    for (const Index steps : {3, 4, 100}) EXPECT_EQ(schedule.rate(steps), flat.rate(steps)) << name;
  }
}

TEST(Schedule, ThereIsNothingToCoolWhereNothingWasLearnt) {
  for (const auto& [loss, end] :
       {std::pair{0.5, "patience"}, {0.51, "patience"}, {0.47, "patience"}, {0.44, ""}, {0.56, ""}}) {
    Schedule schedule(made("cooldown"));  // an improvement is a tenth
    EXPECT_EQ(after(schedule, {loss, loss, loss}).value_or(""), end) << loss;
  }
}

TEST(Schedule, AnImprovementOfNothingCountsEveryNewBest) {
  auto configuration = made("constant");
  configuration.improvement = 0;
  Schedule schedule(configuration);
  double loss = 1;
  for (Index steps = 10; steps < 500; steps += 10)
    EXPECT_EQ(schedule.evaluated(steps, loss = std::nextafter(loss, 0)), std::nullopt);
  EXPECT_EQ(schedule.evaluated(500, loss), std::nullopt) << "as good as the best is no new best";
  EXPECT_EQ(schedule.evaluated(510, loss), "patience");
}

TEST(Schedule, TrainingFollowsIt) {
  auto configuration = small("elu", 4, 24);
  follow_protocol("fast", configuration);
  const auto outcome = run_point(configuration, {});
  EXPECT_EQ(outcome.reason, "cooldown");
  EXPECT_LE(outcome.steps, configuration.max_steps);
  configuration.schedule = "constant";
  EXPECT_LT(run_point(configuration, {}).steps, outcome.steps);
}

TEST(Protocol, DefaultsAreTheFastOne) {
  Configuration fast;
  follow_protocol("fast", fast);
  EXPECT_EQ(fast, Configuration());
}

TEST(Protocol, ThePublishedOneIsThatOf2021) {
  Configuration published;
  follow_protocol("published_2021", published);
  EXPECT_EQ(published.schedule, "constant");
  EXPECT_EQ(published.learning_rate, 1e-3);
  EXPECT_EQ(published.max_steps, 100'000);
  EXPECT_EQ(published.patience, 11);
  EXPECT_EQ(published.warmup, 0);
  EXPECT_EQ(published.improvement, 0);
  EXPECT_EQ(published.batch, 32);
}

}  // namespace
}  // namespace palimpsest
