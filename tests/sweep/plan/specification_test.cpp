#include "palimpsest/sweep/plan/specification.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <tuple>
#include <vector>

#include "palimpsest/sweep/plan/plan.hpp"
#include "sweep/error_of.hpp"

namespace palimpsest::sweep {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;
using testing::UnorderedElementsAre;

constexpr auto three_groups = R"(
[baseline]
L = "S"
[axes]
S = "20:60:20"
[[group]]
memory = "softmax"
[[group]]
axes.kernel = ["elu", "dpfp:1", "dpfp:2"]
[[group]]
redraw = "every_step"
axes.kernel = ["favor:16", "favor:64"]
)";

Override set(std::string_view text) { return parse_override(Override::set, text); }
Override axis(std::string_view text) { return parse_override(Override::axis, text); }

/// `memory or kernel/S/L`, with `/redraw` where there is one.
std::vector<std::string> points(std::string_view toml, const std::vector<Override>& overrides = {}) {
  auto specification = parse_specification(toml, "test.toml");
  apply(overrides, specification);
  std::vector<std::string> names;
  for (const auto& point : plan(specification)) {
    const auto value = [&](std::string_view name) { return point.key[position_of(name)]; };
    auto name = value("kernel").empty() ? value("memory") : value("kernel");
    name += "/" + value("S") + "/" + value("L");
    if (!value("redraw").empty()) name += "/" + value("redraw");
    names.push_back(name);
  }
  return names;
}

TEST(Specification, AnEmptyFileIsThePointOfDefaults) { EXPECT_THAT(points(""), ElementsAre("elu/20/20")); }

TEST(Specification, GroupsAreUnitedAndSizeVariesFastest) {
  EXPECT_THAT(
      points(three_groups),
      ElementsAre("softmax/20/20", "softmax/40/40", "softmax/60/60", "elu/20/20", "elu/40/40", "elu/60/60",
                  "dpfp:1/20/20", "dpfp:1/40/40", "dpfp:1/60/60", "dpfp:2/20/20", "dpfp:2/40/40", "dpfp:2/60/60",
                  "favor:16/20/20/every_step", "favor:16/40/40/every_step", "favor:16/60/60/every_step",
                  "favor:64/20/20/every_step", "favor:64/40/40/every_step", "favor:64/60/60/every_step"));
}

TEST(Specification, ThePointsOfAProductThatBecomeEqualAreOne) {
  EXPECT_THAT(points("[axes]\nmemory = [\"softmax\", \"fast_weight\"]\nkernel = [\"elu\", \"dpfp:1\"]"),
              ElementsAre("softmax/20/20", "elu/20/20", "dpfp:1/20/20"));
}

TEST(Specification, AGroupWinsOverAxesAndAxesOverBaseline) {
  EXPECT_THAT(points("[baseline]\nS = 30\nL = 3\n[axes]\nS = [40, 50]\n[[group]]\n[[group]]\nS = 60\n"),
              ElementsAre("elu/40/3", "elu/50/3", "elu/60/3"));
  EXPECT_THAT(points("[axes]\nS = [40]\n[[group]]\nS = 60\naxes.S = [70, 80]\n"),
              ElementsAre("elu/70/20", "elu/80/20"));
}

TEST(Specification, GatesAreWordsOrNumbers) {
  const auto text = [](std::string_view toml) { return to_toml(parse_specification(toml, "test.toml")); };
  const auto quoted = text("[baseline]\nrule = 'gated_delta'\nbeta = '0.5'\n[axes]\nalpha = ['learnt', '1', '0.25']");
  EXPECT_EQ(text("[baseline]\nrule = 'gated_delta'\nbeta = 5e-1\n[axes]\nalpha = ['learnt', 1, 0.250]"), quoted);
  EXPECT_THAT(quoted, HasSubstr("beta = \"0.5\"\n"));
  EXPECT_EQ(text(quoted), quoted);
  EXPECT_THAT(error_of([&] { text("[baseline]\nbeta = 2.5"); }),
              HasSubstr("test.toml:2: beta '2.5': allowed is 'learnt'"));
  EXPECT_THAT(error_of([&] { text("[baseline]\nalpha = nan"); }), HasSubstr("test.toml:2: alpha 'nan': allowed is"));
  EXPECT_THAT(error_of([&] { text("[baseline]\nbeta = true"); }), HasSubstr("beta must be of type string or a number"));
  EXPECT_THAT(error_of([&] { text("[baseline]\nkernel = 1"); }), HasSubstr("kernel must be of type string"));
}

TEST(Specification, ReadsBackWhatItWrites) {
  auto specification = parse_specification(three_groups, "test.toml");
  specification.name = "a \"name\"";
  specification.description = "line\nline\\ \t½";
  EXPECT_EQ(parse_specification(to_toml(specification), "again"), specification);
}

TEST(Axis, NarrowsToTheGroupThatDeclaresTheValue) {
  EXPECT_THAT(points(three_groups, {axis("kernel=favor:64,elu"), axis("S=20")}),
              ElementsAre("elu/20/20", "favor:64/20/20/every_step"));
}

TEST(Axis, ANewArgumentGoesWhereItsComponentIsDeclared) {
  EXPECT_THAT(points(three_groups, {axis("kernel=favor:8,dpfp:3"), axis("S=20")}),
              ElementsAre("dpfp:3/20/20", "favor:8/20/20/every_step"));
}

TEST(Axis, ANewValueGoesToAllGroupsThatHaveTheParameter) {
  EXPECT_THAT(points(three_groups, {axis("S=30")}),
              ElementsAre("softmax/30/30", "elu/30/30", "dpfp:1/30/30", "dpfp:2/30/30", "favor:16/30/30/every_step",
                          "favor:64/30/30/every_step"));
  EXPECT_THAT(points(three_groups, {axis("kernel=relu"), axis("S=20")}), ElementsAre("relu/20/20"));
}

TEST(Axis, SelectsGroupsByTheirConstant) {
  EXPECT_THAT(points(three_groups, {axis("memory=softmax")}),
              ElementsAre("softmax/20/20", "softmax/40/40", "softmax/60/60"));
}

TEST(Axis, LeavesOutGroupsThatItDoesNotApplyTo) {
  EXPECT_THAT(points(three_groups, {axis("redraw=fixed"), axis("S=20")}),
              ElementsAre("favor:16/20/20/fixed", "favor:64/20/20/fixed"));
}

TEST(Axis, LargeSeedsAreDescribed) {
  auto specification = parse_specification("[axes]\nseed = [0, 4611686018427387904, 9223372036854775807]", "test");
  EXPECT_THAT(describe(specification.groups.at(0)), HasSubstr("seed=0,4611686018427387904,9223372036854775807"));
  EXPECT_EQ(parse_specification(to_toml(specification), "again").groups, specification.groups);
}

// Were each value looked for in all that are declared, these would be 2·10¹⁰ comparisons: minutes.
TEST(Axis, OfAHundredThousandValuesIsNarrowedAtOnce) {
  auto specification = parse_specification("[axes]\nseed = \"1:100000:1\"", "test");
  const auto whole = specification;
  apply({axis("seed=1:100000:1")}, specification);
  EXPECT_EQ(specification, whole);
  apply({axis("seed=50000:149999:1")}, specification);
  const auto& seeds = specification.groups.at(0).at(position_of("seed"));
  EXPECT_EQ(seeds, parse_values(find_parameter("seed"), "50000:149999:1"));
}

TEST(Axis, TheOrderOnTheCommandLineDoesNotMatter) {
  const std::vector overrides{axis("redraw=fixed"), axis("kernel=favor:16"), axis("S=20")};
  EXPECT_THAT(points("", overrides), ElementsAre("favor:16/20/20/fixed"));
  EXPECT_EQ(points(three_groups, overrides), points(three_groups, {overrides.rbegin(), overrides.rend()}));
}

TEST(Set, FixesAParameterWhereverItApplies) {
  EXPECT_THAT(points(three_groups, {set("redraw=fixed"), set("S=20"), set("L=10")}),
              ElementsAre("softmax/20/10", "elu/20/10", "dpfp:1/20/10", "dpfp:2/20/10", "favor:16/20/10/fixed",
                          "favor:64/20/10/fixed"));
}

TEST(Override, OfAnUnknownParameterListsTheKnown) {
  EXPECT_THAT(error_of([] { set("kernal=elu"); }), HasSubstr("unknown parameter 'kernal'; known: task, S, L"));
}

TEST(Override, NeedsAnEqualsSign) {
  EXPECT_THAT(error_of([] { axis("S"); }), HasSubstr("--axis 'S'"));
}

TEST(Override, ThatAppliesToNoPointIsAnError) {
  EXPECT_THAT(error_of([] { points("", {set("redraw=fixed")}); }), HasSubstr("redraw applies to no point"));
  EXPECT_THAT(error_of([] {
                points(three_groups, {axis("memory=softmax"), axis("kernel=elu")});
              }),
              HasSubstr("kernel applies to no point"));
}

TEST(Override, TwiceOfAParameterIsAnError) {
  EXPECT_THAT(error_of([] { points("", {set("S=20"), axis("S=30")}); }), HasSubstr("S is given twice"));
}

TEST(Plan, RefusesWhatCanNotBeRun) {
  EXPECT_THAT(error_of([] { points("", {set("kernel=eluu")}); }), HasSubstr("unknown kernel 'eluu'"));
  EXPECT_THAT(error_of([] { points("", {set("kernel=dpfp:0")}); }), HasSubstr("dpfp"));
  EXPECT_THAT(error_of([] { points("", {set("kernel=favor:0")}); }), HasSubstr("favor"));
  EXPECT_THAT(error_of([] { points("", {set("rule=summ")}); }), HasSubstr("summ"));
  EXPECT_THAT(error_of([] { points("", {set("normalization=l3")}); }), HasSubstr("l3"));
  EXPECT_THAT(error_of([] { points("", {set("L=21")}); }), HasSubstr("21"));
  EXPECT_THAT(error_of([] { points("", {axis("S=1:999999:1"), set("L=1")}); }), HasSubstr("more than 100000 points"));
}

struct Malformed {
  const char *toml, *message;
};

class MalformedToml : public testing::TestWithParam<Malformed> {};

TEST_P(MalformedToml, NamesThePlaceAndTheTrouble) {
  EXPECT_THAT(error_of([] { parse_specification(GetParam().toml, "f.toml"); }), StartsWith(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    All, MalformedToml,
    testing::Values(Malformed{"[axes\nS = [20]", "f.toml:1:6: "}, Malformed{"[axes]\nS = [20]\nS = [30]", "f.toml:3:"},
                    Malformed{"a = 1\xff", "f.toml:1:"}, Malformed{"[baseline]\nS = 20 \u00e9\n", "f.toml:2:"},
                    Malformed{"name = 'x'\n[[run]]\nstart = 2024-05-31T:\nS = 1\n", "f.toml:3: malformed TOML"},
                    Malformed{"[axes]\nS = ['1:900000:1',\n'900001:1800000:1']", "f.toml:3: S: an axis has at most"},
                    Malformed{"\n[baselin]\nS = 1", "f.toml:2: unknown key 'baselin'"},
                    Malformed{"[baseline]\n\nkernal = 'elu'", "f.toml:3: unknown parameter 'kernal'"},
                    Malformed{"[baseline]\naxes = {S = [1]}", "f.toml:2: unknown parameter 'axes'"},
                    Malformed{"[axes]\nkernal = ['elu']", "f.toml:2: unknown parameter 'kernal'"},
                    Malformed{"[[group]]\n[[group]]\nkernal = 'elu'", "f.toml:3: unknown parameter 'kernal'"},
                    Malformed{"[[group]]\naxes.kernal = ['elu']", "f.toml:2: unknown parameter 'kernal'"},
                    Malformed{"description = 3", "f.toml:1: 'description' must be a string"},
                    Malformed{"baseline = 3", "f.toml:1: 'baseline' must be a table"},
                    Malformed{"axes = 3", "f.toml:1: 'axes' must be a table"},
                    Malformed{"group = 3", "f.toml:1: 'group' must be tables"},
                    Malformed{"group = [3]", "f.toml:1: 'group' must be tables"},
                    Malformed{"[[group]]\naxes = 3", "f.toml:2: 'axes' must be a table"},
                    Malformed{"[baseline]\nS = 2.5", "f.toml:2: S must be of type integer"},
                    Malformed{"[baseline]\nS = '20'", "f.toml:2: S must be of type integer"},
                    Malformed{"[baseline]\nS = [20]", "f.toml:2: S must be of type integer"},
                    Malformed{"[baseline]\nS = 0", "f.toml:2: S '0': allowed is an integer from 1"},
                    Malformed{"[baseline]\nL = '2T'", "f.toml:2: L '2T'"},
                    Malformed{"[baseline]\nL = true", "f.toml:2: L must be of type integer or a multiple of S"},
                    Malformed{"[baseline]\nkernel = 3", "f.toml:2: kernel must be of type string"},
                    Malformed{"[baseline]\nreplacement = 'true'", "f.toml:2: replacement must be of type boolean"},
                    Malformed{"[baseline]\nlearning_rate = nan", "f.toml:2: learning_rate 'nan'"},
                    Malformed{"[baseline]\ntolerance = '1'", "f.toml:2: tolerance must be of type number"},
                    Malformed{"[axes]\nS = [20,\n 0]", "f.toml:3: S '0'"},
                    Malformed{"[axes]\nS = [20, 20]", "f.toml:2: S: the value '20' is listed twice"},
                    Malformed{"[axes]\nS = []", "f.toml:2: S: an axis needs at least one value"},
                    Malformed{"[axes]\nS = '20:60'", "f.toml:2: S '20:60': allowed is a range"},
                    Malformed{"[axes]\nS = [[20]]", "f.toml:2: S must be of type integer"},
                    Malformed{"name = 'x'\nprotocol = 'slow'",
                              "f.toml:2: unknown protocol 'slow'; known: fast, patient, published_2021"},
                    Malformed{"protocol = 1", "f.toml:1: 'protocol' must be a string"},
                    Malformed{"quick = 1", "f.toml:1: 'quick' must be a table"},
                    Malformed{"[quick]\nkernal = 'elu'", "f.toml:2: unknown parameter 'kernal'"},
                    Malformed{"[quick]\nS = []", "f.toml:2: S: an axis needs at least one value"}));

Configuration only_point(std::string_view toml, const Reading& reading = {}) {
  const auto points = plan(parse_specification(toml, "f.toml", reading));
  EXPECT_EQ(points.size(), 1u);
  return points.at(0).configuration;
}

TEST(Protocol, IsWhatTheSweepDoesntSay) {
  const std::string own = "[baseline]\nmax_steps = 70\n[[group]]\nlearning_rate = 0.3";
  for (const auto& [toml, reading, schedule, patience] :
       {std::tuple{own, Reading{}, "cooldown", 3},
        {"protocol = 'patient'\n" + own, Reading{}, "cooldown", 6},
        {"protocol = 'published_2021'\n" + own, Reading{}, "constant", 11},
        {own, Reading{"published_2021", false}, "constant", 11},
        {"protocol = 'published_2021'\n" + own, Reading{"fast", false}, "cooldown", 3}}) {
    const auto c = only_point(toml, reading);
    EXPECT_EQ(c.schedule, schedule);
    EXPECT_EQ(c.patience, patience);
    EXPECT_EQ(c.max_steps, 70);
    EXPECT_EQ(c.learning_rate, 0.3);
  }
  EXPECT_EQ(only_point("protocol = 'published_2021'").max_steps, 100'000);
  EXPECT_THAT(error_of([&] { parse_specification(own, "f.toml", {"slow", false}); }), HasSubstr("'slow'"));
}

TEST(Protocol, OfARecordedRunIsThatOfItsTime) {
  // Written when every rate was constant: what it doesn't say has the values that it had then.
  const std::string old = "[[group]]\nlearning_rate = 0.01\nmax_steps = 5\npatience = 11\n[[run]]\nversion = '0.1.0'\n";
  EXPECT_EQ(only_point(old).schedule, "constant");
  EXPECT_EQ(only_point(old).learning_rate, 0.01);
  auto recorded = parse_specification("", "f.toml");
  EXPECT_EQ(only_point(to_toml(recorded) + "[[run]]\n"), Configuration());
  EXPECT_THAT(error_of([&] {
                parse_specification(old, "f.toml", {"fast", false});
              }),
              HasSubstr("'f.toml' gives every value itself"));
}

TEST(Quick, NarrowsAsAnAxisDoes) {
  const std::string toml = std::string(three_groups) + "[quick]\nkernel = ['elu', 'favor:64']\nS = [20, 30]\n";
  const auto quick = parse_specification(toml + "memory = ['fast_weight']\n", "f.toml", {"", true});
  auto narrowed = parse_specification(three_groups, "f.toml");
  apply({axis("kernel=elu,favor:64"), axis("S=20,30")}, narrowed);
  EXPECT_EQ(quick, narrowed);
  EXPECT_EQ(parse_specification(toml, "f.toml"), parse_specification(three_groups, "f.toml"));
  EXPECT_THAT(error_of([&] { parse_specification(three_groups, "f.toml", {"", true}); }), HasSubstr("no quick form"));
}

TEST(Quick, KeepsGroupsThatDoNotHaveAParameter) {
  const auto quick =
      parse_specification(std::string(three_groups) + "[quick]\nkernel = ['elu']\nS = [20]\n", "f.toml", {"", true});
  std::vector<std::string> memories;
  for (const auto& point : plan(quick)) memories.push_back(point.configuration.memory);
  EXPECT_THAT(memories, UnorderedElementsAre("fast_weight", "softmax"));
}

TEST(Quick, EveryDeclaredSweepHasOne) {
  std::size_t sweeps = 0;
  for (const auto& file : std::filesystem::directory_iterator(PALIMPSEST_SOURCE_DIR "/bench/sweeps")) {
    const auto whole = plan(load_specification(file.path())).size();
    const auto quick = plan(load_specification(file.path(), {"", true})).size();
    EXPECT_GT(quick, 0u) << file.path();
    EXPECT_LE(3 * quick, whole + 2) << file.path() << ": a third at most";
    ++sweeps;
  }
  EXPECT_GE(sweeps, 6u);
}

TEST(FindSweep, TakesNamesAndPaths) {
  const std::filesystem::path declared = PALIMPSEST_SOURCE_DIR "/bench/sweeps";
  EXPECT_EQ(find_sweep("capacity", declared), declared / "capacity.toml");
  EXPECT_EQ(find_sweep("my.toml", declared), "my.toml");
  EXPECT_EQ(find_sweep("./my", declared), "./my");
  EXPECT_THAT(error_of([&] { find_sweep("capacty", declared); }), HasSubstr("capacity"));
}

TEST(LoadSpecification, NamesAFileThatItCanNotRead) {
  EXPECT_THAT(error_of([] { load_specification("no/such.toml"); }), HasSubstr("'no/such.toml'"));
  EXPECT_THAT(error_of([] { load_specification("/"); }), HasSubstr("'/'"));
}

TEST(Capacity, IsThePublishedGrid) {
  const auto specification = load_specification(PALIMPSEST_SOURCE_DIR "/bench/sweeps/capacity.toml");
  const auto points = plan(specification);
  EXPECT_EQ(points.size(), 8u * 30u);
  for (const auto& point : points) {
    const auto& c = point.configuration;
    EXPECT_EQ(c.L, c.S);
    EXPECT_EQ(c.S % 20, 0);
    EXPECT_FALSE(c.replacement);
    EXPECT_FALSE(point.skip);
    EXPECT_EQ(c.redraw, c.kernel.starts_with("favor") ? "every_step" : "fixed");
  }
}

}  // namespace
}  // namespace palimpsest::sweep
