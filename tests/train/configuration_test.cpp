#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include "palimpsest/normalization/all.hpp"
#include "palimpsest/pair/all.hpp"
#include "palimpsest/rule/all.hpp"
#include "palimpsest/theory/rank_bound.hpp"
#include "palimpsest/train/components.hpp"
#include "palimpsest/train/operations.hpp"
#include "palimpsest/train/trainer.hpp"
#include "reference/dense.hpp"
#include "reference/linear_algebra.hpp"
#include "reference/random.hpp"
#include "train/small.hpp"

namespace palimpsest {
namespace {

using testing::HasSubstr;

template <class Change>
std::string error_after(Change change) {
  Configuration configuration = small("elu", 8, 10);
  change(configuration);
  try {
    validate(configuration);
  } catch (const ConfigurationError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Validate, ThePublishedDefaultsAreValid) {
  EXPECT_NO_THROW(validate(Configuration()));
  EXPECT_NO_THROW(validate(small_softmax(8, 10)));
}

TEST(Validate, AnUnknownNameIsAnsweredWithTheKnownOnes) {
  const auto expect = [](std::string error, std::initializer_list<const char*> parts) {
    for (const char* part : parts) EXPECT_THAT(error, HasSubstr(part));
  };
  expect(error_after([](auto& c) { c.task = "retrieval"; }),
         {"unknown task 'retrieval'; known: ", "associative_retrieval"});
  expect(error_after([](auto& c) { c.memory = "fast"; }), {"unknown memory 'fast'; known: ", "fast_weight", "softmax"});
  expect(error_after([](auto& c) { c.kernel = "elo"; }),
         {"unknown kernel 'elo'; known: ", "elu", "dpfp:nu", "favor:m"});
  expect(error_after([](auto& c) { c.kernel = "dpfp"; }), {"kernel 'dpfp': 'nu' needs an integer, as in 'dpfp:nu'"});
  expect(error_after([](auto& c) { c.kernel = "dpfp:0"; }), {"kernel 'dpfp:0': nu must be at least 1"});
  expect(error_after([](auto& c) { c.kernel = "favor:-1"; }), {"kernel 'favor:-1': m must be at least 1"});
  expect(error_after([](auto& c) { c.rule = "add"; }), {"unknown rule 'add'; known: ", "sum"});
  expect(error_after([](auto& c) { c.normalization = "l7"; }),
         {"unknown normalization 'l7'; known: ", "none", "sum", "attention"});
  expect(error_after([](auto& c) { c.model = "row"; }),
         {"unknown model 'row'; known: ", "published", "table", "table_shared"});
  expect(error_after([](auto& c) { c.redraw = "never"; }),
         {"unknown redraw 'never'; known: fixed, every_step, every:n"});
  for (const char* redraw : {"every:", "every:0", "every:-1", "every:2x", "every"})
    expect(error_after([&](auto& c) { c.redraw = redraw; }), {"unknown redraw '", redraw});
  expect(error_after([](auto& c) { c.scale = "sqrt"; }), {"unknown scale 'sqrt'; known: none, d^-1/4"});
  expect(error_after([](auto& c) { c.evaluation = "fast"; }),
         {"unknown evaluation 'fast'; known: exact, published_2021"});
}

TEST(Validate, ANumberOutOfRangeIsNamedWithWhatIsAllowed) {
  EXPECT_EQ(error_after([](auto& c) { c.S = 0; }), "S = 0: at least 1 key is needed");
  EXPECT_EQ(error_after([](auto& c) { c.L = 0; }), "L = 0: at least 1 write is needed");
  EXPECT_EQ(error_after([](auto& c) { c.L = 11; }), "L = 11 > S = 10: without replacement there are at most S writes");
  EXPECT_EQ(error_after([](auto& c) { c.key_dim = 0; }), "key_dim = 0: must be at least 1");
  EXPECT_EQ(error_after([](auto& c) { c.batch = 0; }), "batch = 0: must be at least 1");
  EXPECT_EQ(error_after([](auto& c) { c.max_steps = -1; }), "max_steps = -1: must be at least 1");
  EXPECT_EQ(error_after([](auto& c) { c.evaluation_every = 0; }), "evaluation_every = 0: must be at least 1");
  EXPECT_EQ(error_after([](auto& c) { c.evaluation_sequences = 0; }), "evaluation_sequences = 0: must be at least 1");
  EXPECT_EQ(error_after([](auto& c) { c.patience = 0; }), "patience = 0: must be at least 1");
  for (const double rate : {0.0, -1.0, std::numeric_limits<double>::quiet_NaN()})
    EXPECT_THAT(error_after([&](auto& c) { c.learning_rate = rate; }), HasSubstr("must be above 0"));
  EXPECT_EQ(error_after([](auto& c) { c.tolerance = -0.5; }), "tolerance = -0.5: must be at least 0");
}

TEST(ReasonToSkip, DividingByFeaturesOfEitherSignHasNoMeaning) {
  for (const char* normalization : {"sum", "attention"}) {
    Configuration configuration = small("identity", 8, 10);
    configuration.normalization = normalization;
    EXPECT_NO_THROW(validate(configuration));
    const auto reason = reason_to_skip(configuration);
    ASSERT_TRUE(reason);
    EXPECT_THAT(*reason, HasSubstr(fmt::format("'{}'", normalization)));
    EXPECT_THAT(*reason, HasSubstr("'identity'"));
    configuration.kernel = "elu";
    EXPECT_FALSE(reason_to_skip(configuration));
    configuration.kernel = "identity";
    configuration.memory = "softmax";  // has no kernel
    EXPECT_FALSE(reason_to_skip(configuration));
  }
  Configuration configuration = small("identity", 8, 10);
  configuration.normalization = "none";
  EXPECT_FALSE(reason_to_skip(configuration));
}

TEST(ReasonToSkip, DpfpHasNoMoreRollsThanItsRing) {
  EXPECT_FALSE(reason_to_skip(small("dpfp:7", 4, 10)));
  EXPECT_EQ(reason_to_skip(small("dpfp:9", 4, 10)),
            "kernel 'dpfp:9' rolls its features further than 2 key_dim - 1 = 7");
  EXPECT_TRUE(reason_to_skip(small("dpfp:1", 1, 10)));
  EXPECT_NO_THROW(validate(small("dpfp:9", 4, 10)));
}

TEST(ReasonToSkip, TaylorMayBeDividedByProductsButNotByASumOfFeatures) {
  Configuration configuration = small("taylor", 8, 10);
  configuration.normalization = "attention";
  EXPECT_FALSE(reason_to_skip(configuration));
  configuration.normalization = "sum";
  EXPECT_TRUE(reason_to_skip(configuration));
}

/// Ranks of the mapped keys of a kernel, whatever it is normalised by.
class RankOf : public testing::TestWithParam<std::string> {};

INSTANTIATE_TEST_SUITE_P(, RankOf, testing::ValuesIn(reference::names<Kernels<double>>()), reference::test_name);

TEST_P(RankOf, IsThatOfTheSpaceThatMappedKeysSpan) {
  int checked = 0;
  for (const Index d : {2, 5})
    for (const auto& instance : reference::instances(GetParam(), d)) {
      const Matrix<double> x = 1.5 * reference::normal(d, 300, 27);
      const Matrix<double> phi = reference::is_scalable(instance.kernel)
                                     ? reference::features_up_to_scale(instance.kernel, x)
                                     : reference::features(instance.kernel, x);
      Normalizations<double>::for_each([&]<class N>() {
        Configuration configuration = small(instance.label.substr(0, instance.label.find_first_of(" ,")), d, 10);
        configuration.normalization = N::name;
        if (reason_to_skip(configuration)) return;
        Matrix<double> mapped = phi;
        for (Index t = 0; t < phi.cols(); ++t)  // features may all be 0
          mapped.col(t) = reference::normalized(N::name, phi.col(t), 1e-300);
        EXPECT_EQ(reference::rank(mapped), rank(configuration)) << instance.label << ", " << N::name;
        ++checked;
      });
    }
  EXPECT_GE(checked, 4);
}

TEST(Rank, OfAMemoryThatKeepsEveryPairThereIsNone) { EXPECT_FALSE(rank(small_softmax(8, 10))); }

TEST(LossBound, IsThatOfTheRankAndOfTheEvaluation) {
  EXPECT_EQ(loss_bound(small("dpfp:7", 4, 60)), theory::rank_bound(60, 24));  // p = 56
  Configuration configuration = small("elu", 64, 100);
  EXPECT_EQ(loss_bound(configuration), theory::rank_bound(100, 64));
  configuration.L = 80;
  EXPECT_EQ(loss_bound(configuration), theory::rank_bound(80, 64));
  configuration.evaluation = "published_2021";  // of sequences of S writes, whatever L is
  EXPECT_EQ(loss_bound(configuration), 0.5 * 36 / 128);
  configuration.normalization = "centered_l2";  // what features share is taken away
  EXPECT_EQ(loss_bound(configuration), 0.5 * 37 / 128);
  configuration.memory = "softmax";
  EXPECT_EQ(loss_bound(configuration), 0);
}

// Of all runs of S − p neighbours that a memory may give up, the others kept, the best attains the bound.
TEST(LossBound, OfThePublishedEvaluationIsAttainedByTheBestRankAtSmallSizes) {
  for (const Index S : {5, 33, 40, 70})
    for (const Index p : {1, 4, 16}) {
      Configuration configuration = small("elu", p, S);
      configuration.evaluation = "published_2021";
      double least = 1;
      for (Index first = 0; first <= p; ++first) {
        std::vector<double> losses(static_cast<std::size_t>(S), 0.0);
        for (Index i = 0; i < S - p; ++i) losses[static_cast<std::size_t>(first + i)] = 0.5;
        LossAverage of_run(EvaluationMode::published_2021);
        of_run.add(losses);
        least = std::min(least, of_run.value());
      }
      EXPECT_NEAR(loss_bound(configuration), least, 1e-14) << "S = " << S << ", p = " << p;
    }
}

TEST(LossBound, IsBelowTheCommittedLossesOfThePublishedEvaluation) {
  std::ifstream file(PALIMPSEST_SOURCE_DIR "/results/capacity/published_2021.csv");
  std::string line;
  const auto fields = [&] {
    std::vector<std::string> all;
    std::istringstream in(line);
    for (std::string field; std::getline(in, field, ',');) all.push_back(field);
    return all;
  };
  ASSERT_TRUE(std::getline(file, line));
  const auto header = fields();
  int rows = 0;
  while (std::getline(file, line)) {
    const auto row = fields();
    const auto at = [&](const char* name) {
      return row.at(static_cast<std::size_t>(std::ranges::find(header, name) - header.begin()));
    };
    Configuration configuration = small(at("kernel"), std::stol(at("key_dim")), std::stol(at("S")));
    configuration.memory = at("memory");
    configuration.evaluation = at("evaluation");
    ASSERT_EQ(configuration.evaluation, "published_2021");
    for (const char* loss : {"best_loss", "last_loss", "final_loss"})
      EXPECT_GE(std::stod(at(loss)), loss_bound(configuration) * (1 - 1e-6)) << line;  // outputs are rounded to float
    ++rows;
  }
  EXPECT_EQ(rows, 32);
}

TEST(Applies, AParameterAppliesWhereItChangesSomething) {
  for (const char* parameter : {"kernel", "rule", "normalization"}) {
    EXPECT_TRUE(applies(parameter, small("elu", 8, 10))) << parameter;
    EXPECT_FALSE(applies(parameter, small_softmax(8, 10))) << parameter;
  }
  for (const char* parameter : {"redraw", "scale"}) {
    EXPECT_TRUE(applies(parameter, small("favor:4", 8, 10))) << parameter;
    EXPECT_TRUE(applies(parameter, small("favor_onesided:4", 8, 10))) << parameter;
    EXPECT_FALSE(applies(parameter, small("elu", 8, 10))) << parameter;
    EXPECT_FALSE(applies(parameter, small_softmax(8, 10))) << parameter;
  }
  EXPECT_TRUE(applies("S", small_softmax(8, 10)));
}

/// A small point of each rule and model, and of softmax, in which every size may grow by itself.
std::vector<Configuration> points_to_estimate() {
  Configuration point = small("favor:4", 8, 10);
  point.L = 20;
  point.replacement = true;
  point.normalization = "sum";
  std::vector<Configuration> all;
  Models<float>::for_each([&]<class M>() {
    point.model = M::name;
    Rules<float>::for_each([&]<class R>() {
      point.rule = fmt::format("{}{}", R::name, TakesArgument<R> ? ":2" : "");
      all.push_back(point);
    });
    Configuration softmax = point;
    softmax.memory = "softmax";
    all.push_back(softmax);
  });
  return all;
}

TEST(CostEstimate, GrowsWithEachSize) {
  for (const auto& point : points_to_estimate()) {
    SCOPED_TRACE(fmt::format("{} {} {}", point.memory, point.rule, point.model));
    const auto expect_dearer = [&](const char* size, auto&& grow) {
      Configuration larger = point;
      grow(larger);
      EXPECT_GT(cost_estimate(larger), cost_estimate(point)) << size;
    };
    EXPECT_GT(cost_estimate(point), 0);
    expect_dearer("S", [](Configuration& c) { c.S *= 2; });
    expect_dearer("L", [](Configuration& c) { c.L *= 2; });
    expect_dearer("key_dim", [](Configuration& c) { c.key_dim *= 2; });
    expect_dearer("batch", [](Configuration& c) { c.batch *= 2; });
    expect_dearer("evaluation_sequences", [](Configuration& c) { c.evaluation_sequences *= 2; });
    if (point.memory != "softmax") expect_dearer("feature_dim", [](Configuration& c) { c.kernel = "favor:8"; });
  }
}

TEST(RedrawInterval, CountsTrainingSteps) {
  EXPECT_EQ(redraw_interval("fixed"), 0);
  EXPECT_EQ(redraw_interval("every_step"), 1);
  EXPECT_EQ(redraw_interval("every:100"), 100);
}

TEST(Components, ListEveryKind) {
  std::vector<std::string> kinds;
  for (const auto& [kind, all] : components()) {
    kinds.push_back(kind);
    EXPECT_FALSE(all.empty()) << kind;
  }
  EXPECT_EQ(kinds, (std::vector<std::string>{"task", "memory", "kernel", "rule", "normalization", "model"}));
}

}  // namespace
}  // namespace palimpsest
