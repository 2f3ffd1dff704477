// Whole small points: what training must reach, and what no training may.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "palimpsest/normalization/all.hpp"
#include "palimpsest/pair/all.hpp"
#include "palimpsest/theory/overwriting.hpp"
#include "palimpsest/theory/rank_bound.hpp"
#include "reference/kernels.hpp"
#include "train/small.hpp"

namespace palimpsest {
namespace {

TEST(Training, DpfpBelowItsCapacityStoresEverything) {
  const Outcome outcome = run_point(small("dpfp:1", 16, 10), {});  // p = 32
  EXPECT_EQ(outcome.status, Status::ok);
  EXPECT_EQ(outcome.reason, "tolerance");
  EXPECT_EQ(outcome.feature_dim, 32);
  EXPECT_EQ(outcome.bound, 0.0);
  EXPECT_LE(*outcome.best_loss, 1e-3);
  EXPECT_LE(*outcome.final_loss, 2e-3);  // 20 other sequences of the same keys
  EXPECT_EQ(*outcome.accuracy, 1);
}

TEST(Training, SoftmaxStoresMoreThanItsKeySize) {
  const Outcome outcome = run_point(small_softmax(8, 24), {});
  EXPECT_LE(*outcome.best_loss, 1e-3);
  EXPECT_EQ(*outcome.accuracy, 1);
  EXPECT_FALSE(outcome.feature_dim);
  EXPECT_EQ(outcome.bound, 0.0);
}

TEST(Training, EluFarAboveItsCapacityApproachesTheRankBound) {
  Configuration configuration = small("elu", 8, 40);
  configuration.model = "table";
  configuration.learning_rate = 1e-2;
  const Outcome outcome = run_point(configuration, {});
  EXPECT_EQ(outcome.reason, "patience");
  EXPECT_EQ(outcome.bound, 0.5 * (1 - 8.0 / 40));
  EXPECT_GE(*outcome.final_loss, *outcome.bound);
  EXPECT_LE(*outcome.final_loss, 1.04 * *outcome.bound);  // 0.3–2 % are typical of trained memories, seeds differ
}

/// Every kernel with every normalisation that it has, and every model: far above capacity no exact evaluation is below
/// the bound.
class NoTrainingBeatsTheRankBound : public testing::TestWithParam<std::string> {
 protected:
  /// Returns whether there was a loss to hold against the bound.
  static bool expect_no_less(const Configuration& configuration, bool maps_tokens) {
    if (reason_to_skip(configuration)) return false;
    SCOPED_TRACE(fmt::format("{}, {}, {}", configuration.kernel, configuration.normalization, configuration.model));
    const Outcome outcome = run_point(configuration, {});
    // A feature map that is 0 at a key can't be divided by its sum, and where nothing divides exp(‖x‖²/2) out, its gradients
    // are soon too large to be squared: such points, and no others, end as diverged.
    const bool explodes = configuration.kernel.starts_with("rff") && !maps_tokens;
    if ((maps_tokens || explodes) && outcome.status == Status::diverged) return false;
    EXPECT_EQ(outcome.status, Status::ok) << outcome.reason;
    const double bound = theory::rank_bound(24, *rank(configuration));
    EXPECT_EQ(outcome.bound, bound);
    EXPECT_GT(bound, 0) << "p = " << *outcome.feature_dim;
    for (const auto& loss : {outcome.best_loss, outcome.last_loss, outcome.final_loss})
      EXPECT_GE(loss.value_or(-1), bound * (1 - 1e-6));  // outputs are rounded to float
    return true;
  }
};

INSTANTIATE_TEST_SUITE_P(, NoTrainingBeatsTheRankBound, testing::ValuesIn(reference::names<Kernels<float>>()),
                         reference::test_name);

TEST_P(NoTrainingBeatsTheRankBound, AboveCapacity) {
  Configuration configuration = small(GetParam(), 4, 24);
  Kernels<float>::for_each([&]<class K>() {
    if (TakesArgument<K> && K::name == GetParam()) configuration.kernel += ":1";
  });
  configuration.scale = "d^-1/4";
  configuration.learning_rate = 1e-2;
  configuration.max_steps = 400;
  std::size_t held = 0;
  Normalizations<float>::for_each([&]<class N>() {
    for (const auto& model : reference::names<Models<float>>()) {
      configuration.normalization = N::name;
      configuration.model = model;
      held += expect_no_less(configuration, N::traits.maps_tokens);
    }
  });
  EXPECT_GE(held, reference::names<Models<float>>().size()) << "too few points have a loss";
}

TEST(Training, OverwritingBySumStaysAtItsClosedForm) {
  // Setting 2 with keys that could be told apart: a sum still gives the mean of a key's values, not the last one.
  Configuration configuration = small("dpfp:2", 16, 8);
  configuration.L = 16;
  configuration.replacement = true;
  configuration.max_steps = 1500;
  configuration.evaluation_sequences = 400;
  const Outcome outcome = run_point(configuration, {});
  // Losses of single queries spread by about 0.2. The mean over the last 100 steps is of 3200 queries, the final one of
  // 2800: standard errors of 0.004; 4 of them, and some of the way to the limit that training has left.
  EXPECT_NEAR(*outcome.train_loss, theory::overwriting_training_loss(8, 16), 0.02);
  EXPECT_NEAR(*outcome.final_loss, theory::overwriting_evaluation_loss(8, 16), 0.02);
}

TEST(Training, TheSameConfigurationHasTheSameOutcome) {
  for (const auto& configuration : {small("favor:4", 8, 10), small("dpfp:1", 8, 10), small_softmax(8, 10)}) {
    Configuration c = configuration;
    c.max_steps = 250;  // not a multiple of the evaluation's interval
    const Outcome alone = run_point(c, {});
    EXPECT_EQ(alone.steps, 250);
    EXPECT_EQ(alone.reason, "max_steps");
    Outcome beside[2];
    std::thread other([&] { beside[0] = run_point(c, {}); });
    beside[1] = run_point(c, {});
    other.join();
    expect_same(alone, beside[0]);
    expect_same(alone, beside[1]);
  }
}

TEST(Training, SeedsDiffer) {
  Configuration configuration = small("elu", 8, 10);
  configuration.max_steps = 100;
  const Outcome first = run_point(configuration, {});
  configuration.seed = 2;
  EXPECT_NE(run_point(configuration, {}).final_loss, first.final_loss);
}

TEST(Training, EveryStepIsAnEvaluationIfAskedFor) {
  Configuration configuration = small("elu", 8, 10);
  configuration.max_steps = 5;
  configuration.evaluation_every = 1;
  const Outcome outcome = run_point(configuration, {});
  EXPECT_EQ(outcome.steps, 5);
  ASSERT_EQ(outcome.curve.size(), 5u);
  for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(outcome.curve[i].step, static_cast<Index>(i) + 1);
  EXPECT_EQ(outcome.curve.back().loss, outcome.last_loss);
  EXPECT_EQ(outcome.curve.at(static_cast<std::size_t>(outcome.best_step) - 1).loss, outcome.best_loss);
}

TEST(Training, TheEvaluationDoesNotChangeTheTraining) {
  Configuration configuration = small("favor:4", 8, 10);
  configuration.max_steps = 100;
  for (const char* redraw : {"fixed", "every_step", "every:7"}) {
    configuration.redraw = redraw;
    configuration.evaluation_sequences = 20;
    const Outcome many = run_point(configuration, {});
    configuration.evaluation_sequences = 1;
    EXPECT_EQ(run_point(configuration, {}).train_loss, many.train_loss) << redraw;
  }
}

TEST(Training, RedrawingChangesRandomFeaturesOnly) {
  const auto train_loss = [](Configuration configuration, const char* redraw) {
    configuration.max_steps = 50;
    configuration.redraw = redraw;
    return run_point(configuration, {}).train_loss;
  };
  EXPECT_NE(train_loss(small("favor:4", 8, 10), "fixed"), train_loss(small("favor:4", 8, 10), "every_step"));
  EXPECT_NE(train_loss(small("favor:4", 8, 10), "every:7"), train_loss(small("favor:4", 8, 10), "every_step"));
  EXPECT_EQ(train_loss(small("favor:4", 8, 10), "every:1"), train_loss(small("favor:4", 8, 10), "every_step"));
  EXPECT_EQ(train_loss(small("elu", 8, 10), "fixed"), train_loss(small("elu", 8, 10), "every_step"));
}

TEST(Training, PublishedEvaluationIsOfTheSameTraining) {
  Configuration configuration = small("elu", 8, 40);
  configuration.max_steps = 100;
  const Outcome exact = run_point(configuration, {});
  configuration.evaluation = "published_2021";
  const Outcome published = run_point(configuration, {});
  EXPECT_EQ(published.train_loss, exact.train_loss);
  EXPECT_NE(published.best_loss, exact.best_loss);  // the last 8 keys of a sequence weigh as much as the first 32
}

TEST(Training, AnAbsurdLearningRateDiverges) {
  for (auto configuration :
       {small("elu", 8, 10), small("dpfp:1", 8, 10), small("favor:4", 8, 10), small_softmax(8, 10)}) {
    configuration.learning_rate = 1e30;
    const Outcome outcome = run_point(configuration, {});
    EXPECT_EQ(outcome.status, Status::diverged) << configuration.memory << ' ' << configuration.kernel;
    EXPECT_EQ(outcome.reason, "training loss is not finite");
    EXPECT_GE(outcome.steps, 1);
    EXPECT_LT(outcome.steps, 100);
    EXPECT_TRUE(outcome.bound);
    EXPECT_FALSE(outcome.final_loss);
  }
}

/// 20 steps of a memory that overshoots at every write, by some factor each.
Outcome overshooting(const char* kernel, Index S) {
  Configuration configuration = small(kernel, 16, S);
  configuration.L = 2 * S;
  configuration.replacement = true;
  configuration.rule = "delta";
  configuration.normalization = "none";
  configuration.max_steps = 20;
  configuration.evaluation_every = 10;
  configuration.evaluation_sequences = 2;
  return run_point(configuration, {});
}

TEST(Training, AGradientThatAdamCantSquareEndsThePoint) {
  const Outcome outcome = overshooting("dpfp:1", 30);
  EXPECT_EQ(outcome.status, Status::diverged);
  EXPECT_EQ(outcome.reason, "gradient of E is too large to be squared");
  EXPECT_EQ(outcome.steps, 1);
  EXPECT_TRUE(std::isfinite(*outcome.train_loss)) << "which alone would let it go on, its parameters stuck";
}

TEST(Training, ALossThatNothingMeaningfulHasIsDiverged) {
  const Outcome outcome = overshooting("taylor", 20);
  EXPECT_GT(*outcome.best_loss, 1e6);
  EXPECT_EQ(outcome.status, Status::diverged);
  EXPECT_EQ(outcome.reason, "no evaluation loss below 1e+06");
}

TEST(Training, AFinalLossThatIsNotFiniteIsDiverged) {
  // 2 of 200 keys per sequence, one sequence each to train on, to evaluate and to evaluate finally. A key with 4 numbers
  // below 0, one in 16, has features of sum 0, by which they are divided.
  Configuration configuration = small("relu", 4, 200);
  configuration.L = 2;
  configuration.replacement = true;
  configuration.normalization = "sum";
  configuration.batch = configuration.max_steps = configuration.evaluation_sequences = 1;
  Index lost_at_the_end = 0;
  for (configuration.seed = 1; configuration.seed <= 100; ++configuration.seed) {
    const Outcome outcome = run_point(configuration, {});
    if (outcome.status == Status::ok) {
      EXPECT_TRUE(std::isfinite(outcome.final_loss.value()));
    }
    if (outcome.reason == "final loss is not below 1e+06") {
      EXPECT_EQ(outcome.status, Status::diverged);
      EXPECT_TRUE(std::isfinite(outcome.best_loss.value()));
      ++lost_at_the_end;
    }
  }
  EXPECT_GE(lost_at_the_end, 1);
}

TEST(Training, ARowSaysWhereFeaturesUnderflow) {
  // Keys of the published model have a squared norm of about (1 + 2.2 S)/3, so that exp(−‖x‖²/2) is below 1e-12.
  Configuration configuration = small("favor:16", 16, 100);
  configuration.max_steps = 100;
  configuration.evaluation_sequences = 2;
  const auto reason = [&] { return run_point(configuration, {}).reason; };
  EXPECT_THAT(reason(), testing::MatchesRegex("max_steps; [0-9.]+ % of answers vanish"));
  configuration.scale = "d^-1/4";
  EXPECT_EQ(reason(), "max_steps");
  configuration.scale = "none";
  configuration.normalization = "sum";  // which divides that factor out again
  EXPECT_EQ(reason(), "max_steps");
}

TEST(Training, APointMayStartAtALossThatNothingMeaningfulHas) {
  const Outcome outcome = overshooting("dpfp:1", 20);
  EXPECT_GT(*outcome.train_loss, 1e6);
  EXPECT_LT(*outcome.best_loss, 1e6);
  EXPECT_EQ(outcome.status, Status::ok) << outcome.reason;
}

TEST(Training, TheLastEvaluationHasSequencesOfItsOwn) {
  // A rate too small to change a parameter: evaluations differ by their sequences alone.
  Configuration configuration = small("elu", 8, 10);
  configuration.learning_rate = 1e-30;
  configuration.evaluation_every = 10;
  configuration.evaluation_sequences = 3;
  configuration.patience = 100;
  const auto losses = [&](Index max_steps) {
    configuration.max_steps = max_steps;
    std::vector<double> all;
    for (const auto& point : run_point(configuration, {}).curve) all.push_back(point.loss);
    return all;
  };
  const auto uneven = losses(25), even = losses(30);
  ASSERT_EQ(uneven.size(), 3u);
  EXPECT_EQ(std::set<double>(uneven.begin(), uneven.end()).size(), 3u);
  EXPECT_EQ(uneven, even);  // the same streams as at the next multiple
}

TEST(Training, CancellingThrows) {
  const std::atomic<bool> cancel = true;
  RunOptions options;
  options.cancel = &cancel;
  EXPECT_THROW(run_point(small("elu", 8, 10), options), Cancelled);
}

TEST(Training, CancellingEndsAPointUnderWay) {
  std::atomic<bool> cancel = false;
  RunOptions options;
  options.cancel = &cancel;
  Configuration configuration = small("elu", 8, 40);
  configuration.patience = 1'000'000;
  configuration.max_steps = 100'000'000;
  std::thread after_a_while([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    cancel = true;
  });
  EXPECT_THROW(run_point(configuration, options), Cancelled);
  after_a_while.join();
}

}  // namespace
}  // namespace palimpsest
