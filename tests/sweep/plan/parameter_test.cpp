#include "palimpsest/sweep/plan/parameter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sweep/error_of.hpp"

namespace palimpsest::sweep {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> values(std::string_view name, std::string_view text) {
  return parse_values(find_parameter(name), text);
}

/// Other than the defaults in every field.
Configuration different() {
  return {.task = "task",
          .vocabulary = 37,
          .pairs = 41,
          .train_pairs = "8",
          .test_pairs = "16",
          .length = "43",
          .test_length = "47",
          .fill = "random",
          .passes = 2,
          .power = 0.5,
          .reassigned = 0.125,
          .values_per_key = 3,
          .group = "s3",
          .kinds = "two_facts lists",
          .entities = 5,
          .places = "7",
          .objects = "9",
          .facts = 3,
          .questions = 4,
          .stories = 6,
          .loss = "all",
          .corpus = "kjv",
          .tokens = "subwords:300",
          .segment = 59,
          .validation = "test",
          .evaluation_segments = 61,
          .carry_state = true,
          .S = 3,
          .L = 5,
          .replacement = true,
          .layers = 7,
          .width = 48,
          .heads = 6,
          .conv = 3,
          .mlp = true,
          .tied = false,
          .embedding = "unit_sphere",
          .frozen = true,
          .smaller_outputs = false,
          .memory = "memory",
          .kernel = "kernel:2",
          .key_dim = 7,
          .redraw = "every:3",
          .scale = "scale",
          .rule = "rule",
          .beta = "0.25",
          .alpha = "0.75",
          .normalization = "norm",
          .model = "model",
          .evaluation = "eval",
          .seed = 11,
          .batch = 13,
          .learning_rate = 0.1,
          .max_steps = 17,
          .evaluation_every = 19,
          .evaluation_sequences = 23,
          .tolerance = 1e-7,
          .patience = 29,
          .schedule = "cosine",
          .warmup = 31,
          .improvement = 0.25,
          .cooldown = 2,
          .largest_beta = 2,
          .ridge = "0.5",
          .target_accuracy = 0.75,
          .weight_decay = 0.5,
          .largest_gradient = 1,
          .examples = 53};
}

TEST(Parameter, EveryValueReadsBackAsItself) {
  const auto odd = different();
  std::vector<std::string> texts;
  for (const auto& parameter : parameters()) texts.push_back(parameter.get(odd));
  EXPECT_EQ(configure(texts), odd);
}

TEST(Parameter, TheTableHoldsEveryFieldOfConfigurationOnce) {
  // If every field is set by some parameter, two configurations differing everywhere have differing texts everywhere.
  const Configuration defaults;
  const auto odd = different();
  for (const auto& parameter : parameters()) {
    Configuration changed = defaults;
    parameter.set(changed, parameter.get(odd));
    for (const auto& other : parameters())
      EXPECT_EQ(other.get(changed), other.get(&other == &parameter ? odd : defaults))
          << other.name << " when " << parameter.name << " is set";
    EXPECT_NE(parameter.get(odd), parameter.get(defaults)) << parameter.name;
  }
}

TEST(Parameter, AnUnknownNameListsTheKnown) {
  EXPECT_THAT(error_of([] { find_parameter("kernal"); }), AllOf(HasSubstr("'kernal'"), HasSubstr("kernel")));
}

TEST(Values, ARangeHasBothEnds) {
  EXPECT_THAT(values("S", "20:100:40"), ElementsAre("20", "60", "100"));
  EXPECT_THAT(values("S", "20:99:40"), ElementsAre("20", "60"));
  EXPECT_THAT(values("S", "7:7:1"), ElementsAre("7"));
}

TEST(Values, SeedsAreWhatTomlCanSay) {
  constexpr auto largest = "9223372036854775807";
  Configuration c;
  find_parameter("seed").set(c, largest);
  EXPECT_EQ(c.seed, 9223372036854775807u);
  EXPECT_EQ(find_parameter("seed").get(c), largest);
  EXPECT_THAT(values("seed", "0,1000000001,9223372036854775807"), ElementsAre("0", "1000000001", largest));
  EXPECT_THAT(values("seed", "9223372036854775805:9223372036854775807:2"), ElementsAre("9223372036854775805", largest));
  EXPECT_THAT(values("seed", "0:9223372036854775807:9223372036854775807"), ElementsAre("0", largest));
}

TEST(Values, ABatchMayFollowTheSize) {
  Configuration c;
  c.pairs = 7;
  find_parameter("batch").set(c, "1024/pairs");
  EXPECT_EQ(c.batch, 146);
  c.pairs = 2000;
  find_parameter("batch").set(c, "1024/pairs");
  EXPECT_EQ(c.batch, 1) << "at least one sequence";
  c.entities = 12;
  find_parameter("batch").set(c, "1024/entities");
  EXPECT_EQ(c.batch, 85);
  EXPECT_THAT(values("batch", "0064/pairs,32,64/entities"), ElementsAre("64/pairs", "32", "64/entities"));
  for (const auto* text : {"/pairs", "0/pairs", "x/pairs", "8pairs", "8 / pairs", "8/", "8/width", "/"})
    EXPECT_THAT(error_of([&] { values("batch", text); }), HasSubstr("batch '" + std::string(text) + "'")) << text;
}

TEST(Values, AListKeepsItsOrder) {
  EXPECT_THAT(values("kernel", "dpfp:1, elu"), ElementsAre("dpfp:1", "elu"));
  EXPECT_THAT(values("S", "300,20:60:20"), ElementsAre("300", "20", "40", "60"));
}

TEST(Values, EqualValuesAreWrittenAlike) {
  EXPECT_THAT(values("kernel", "dpfp:03"), ElementsAre("dpfp:3"));
  EXPECT_THAT(values("S", "020"), ElementsAre("20"));
  EXPECT_THAT(values("learning_rate", "1e-03"), ElementsAre("0.001"));
  EXPECT_THAT(values("tolerance", "-0"), ElementsAre("0"));  // which TOML reads as an integer, and so without its sign
  EXPECT_THAT(values("beta", "-0.0"), ElementsAre("0"));
  EXPECT_THAT(values("L", "S,2S,40"), ElementsAre("S", "2S", "40"));
  EXPECT_THAT(values("L", "1S"), ElementsAre("S"));
}

TEST(Values, AMultipleOfSFollowsS) {
  Configuration c;
  find_parameter("S").set(c, "30");
  find_parameter("L").set(c, "2S");
  EXPECT_EQ(c.L, 60);
}

struct Refused {
  const char *name, *text, *because;
};

class RefusedValues : public testing::TestWithParam<Refused> {};

TEST_P(RefusedValues, NameValueAndAllowed) {
  const auto [name, text, because] = GetParam();
  EXPECT_THAT(error_of([&, name = name, text = text] { values(name, text); }),
              AllOf(HasSubstr(name), HasSubstr(because)));
}

INSTANTIATE_TEST_SUITE_P(
    All, RefusedValues,
    testing::Values(Refused{"S", "0", "'0': allowed is an integer from 1"}, Refused{"S", "-5", "'-5'"},
                    Refused{"S", "2.5", "'2.5'"}, Refused{"S", "ten", "'ten'"},
                    Refused{"S", "1000000001", "to 1000000000"}, Refused{"S", "99999999999999999999", "to 1000000000"},
                    Refused{"S", "", "none left empty"}, Refused{"S", "20,,30", "none left empty"},
                    Refused{"S", "20,", "none left empty"}, Refused{"S", "20,20", "'20' is listed twice"},
                    Refused{"S", "20:40:20,40", "'40' is listed twice"}, Refused{"S", "20:40", "first:last:step"},
                    Refused{"S", "40:20:10", "first <= last"}, Refused{"S", "20:40:0", "step >= 1"},
                    Refused{"S", "20:40:-1", "step >= 1"}, Refused{"S", "0:40:20", "'0'"},
                    Refused{"S", "1:2:3:4", "first:last:step"}, Refused{"S", ":::", "first:last:step"},
                    Refused{"S", "1:1000000000:1", "at most 1000000 values"},
                    Refused{"S", "1:900000:1,900001:1800000:1", "at most 1000000 values"},
                    Refused{"S", "-9223372036854775808:9223372036854775807:1", "from 1"},
                    Refused{"seed", "-1", "'-1': allowed is an integer from 0 to 9223372036854775807"},
                    Refused{"seed", "9223372036854775808", "'9223372036854775808'"},
                    Refused{"seed", "18446744073709551616", "to 9223372036854775807"}, Refused{"seed", "1e3", "'1e3'"},
                    Refused{"seed", "0x10", "'0x10'"},
                    Refused{"seed", "0:9223372036854775807:1", "at most 1000000 values"},
                    Refused{"L", "0S", "multiple of S"}, Refused{"L", "S2", "multiple of S"},
                    Refused{"L", "-1S", "multiple of S"}, Refused{"L", "1000000000S", "multiple of S"},
                    Refused{"replacement", "yes", "true or false"}, Refused{"learning_rate", "0", "above 0"},
                    Refused{"learning_rate", "nan", "finite"}, Refused{"learning_rate", "inf", "finite"},
                    Refused{"tolerance", "-1", "from 0"}, Refused{"tolerance", "0.1x", "'0.1x'"},
                    Refused{"normalization", "no\nne", "'no ne': allowed is a name, in one line"}));

}  // namespace
}  // namespace palimpsest::sweep
