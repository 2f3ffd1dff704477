#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "palimpsest/train/components.hpp"
#include "palimpsest/train/trainer.hpp"
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

TEST(ReasonToSkip, TaylorMayBeDividedByProductsButNotByASumOfFeatures) {
  Configuration configuration = small("taylor", 8, 10);
  configuration.normalization = "attention";
  EXPECT_FALSE(reason_to_skip(configuration));
  configuration.normalization = "sum";
  EXPECT_TRUE(reason_to_skip(configuration));
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
