// Sweeps of question_answering: a size that everything follows, and a capacity in entities.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "palimpsest/core/file.hpp"
#include "palimpsest/sweep/judge/capacity_estimate.hpp"
#include "palimpsest/sweep/plan/planner.hpp"
#include "palimpsest/sweep/rows/csv.hpp"
#include "palimpsest/sweep/rows/table.hpp"
#include "palimpsest/sweep/run/command.hpp"
#include "palimpsest/sweep/run/runner.hpp"
#include "palimpsest/train/parts.hpp"
#include "sweep/error_of.hpp"
#include "sweep/scratch.hpp"

namespace palimpsest::sweep {
namespace {

using testing::HasSubstr;

const std::string stories = "[baseline]\ntask = 'question_answering'\nmodel = 'sequence'\n";

Configuration only_point(const std::string& toml) {
  return plan(parse_specification(stories + toml, "f.toml")).at(0).configuration;
}

TEST(QuestionSweep, PlacesAreANumberOrAsManyAsEntities) {
  EXPECT_EQ(only_point("").places, "entities");
  EXPECT_EQ(only_point("places = 7\n").places, "7");
  EXPECT_EQ(only_point("places = '07'\n").places, "7");
  EXPECT_EQ(only_point("objects = 'entities'\n").objects, "entities");
  for (const std::string wrong : {"0", "2entities", "many", "-1", "1.5"})
    EXPECT_EQ(error_of([&] { only_point("places = '" + wrong + "'\n"); }),
              "f.toml:4: places '" + wrong + "': allowed is an integer from 1 to 1000000000, or 'entities'");
}

TEST(QuestionSweep, KindsAreWrittenInOneWay) {
  EXPECT_EQ(only_point("kinds = 'lists  one_fact'\n").kinds, "one_fact lists");
  EXPECT_THAT(error_of([] { only_point("kinds = 'four_facts'\n"); }),
              HasSubstr("f.toml:4: kinds 'four_facts': allowed"));
  EXPECT_EQ(plan(parse_specification(stories + "[axes]\nkinds = ['one_fact', 'giving', 'all']\n", "f")).size(), 3u);
}

TEST(QuestionSweep, AWorldThatIsTooSmallIsRefusedBeforeItRuns) {
  EXPECT_EQ(error_of([] { only_point("entities = 1\n"); }), "places = 1: at least 2 for the kind one_fact");
  EXPECT_EQ(error_of([] { only_point("loss = 'some'\n"); }), "loss 'some': allowed is answers or all");
}

TEST(QuestionSweep, HasItsOwnColumnsAndNoOthers) {
  const auto header = *csv_fields(values_schema(Family::questions).header());
  const std::set<std::string> names(header.begin(), header.end());
  EXPECT_EQ(names.size(), header.size());
  for (const auto* name : {"kinds", "entities", "places", "objects", "facts", "questions", "stories", "loss",
                           "baseline_recent", "baseline_majority", "accuracy_distance_4"})
    EXPECT_TRUE(names.contains(name)) << name;
  for (const auto* name : {"pairs", "length", "test_length", "vocabulary", "group", "S", "by_pairs"})
    EXPECT_FALSE(names.contains(name)) << name;
}

TEST(QuestionSweep, ProvenanceSaysItAgain) {
  const auto specification = parse_specification(
      stories +
          "places = 9\n[search]\naxis = 'entities'\nfirst = 2\nlargest = 16\n[axes]\nkinds = ['one_fact', 'all']\n",
      "f.toml");
  EXPECT_EQ(parse_specification(to_toml(specification), "again.toml"), specification);
}

TEST(QuestionSweep, ASearchFindsTheMostEntities) {
  const Scratch scratch;
  const auto specification =
      parse_specification(stories +
                              "[search]\naxis = 'entities'\nfirst = 4\nlargest = 32\nresolution = 0\n"
                              "criteria = ['accuracy >= 0.95']\n[axes]\nkinds = ['one_fact', 'two_facts']\n",
                          "f.toml");
  auto options = quiet_options(scratch / "r.csv", Family::questions);
  options.searches = true;
  options.run = [](const Configuration& c, const RunOptions&) {
    Outcome outcome;
    outcome.final_loss = 1;
    outcome.accuracy = c.entities <= (c.kinds == "one_fact" ? 16 : 9) ? 0.96 : 0.9;
    outcome.state_floats = 100;
    outcome.baseline_recent = 0.25;
    return outcome;
  };
  run(make_planner(specification), options);
  const auto table = read_table(options.out);
  EXPECT_EQ(table.rows.at(0).fields[table.at("baseline_recent")], "0.25");
  const auto estimates = estimate_capacity(table, {parse_criterion("accuracy >= 0.95")});
  ASSERT_EQ(estimates.rows.size(), 2u) << "a curve per kind, whatever the number of entities";
  EXPECT_EQ(estimates.rows[0].capacity, 16);
  EXPECT_EQ(estimates.rows[1].capacity, 9);
  EXPECT_DOUBLE_EQ(estimates.rows[0].associations_per_float, 0.16);
  // At least log2(16) bits for each of 16, but for what an answer that is wrong in 4 % leaves open: Fano's bound.
  EXPECT_LT(estimates.rows[0].bits, 64);
  EXPECT_GT(estimates.rows[0].bits, 0.85 * 64);
  EXPECT_THAT(estimates.curve_columns, testing::Not(testing::Contains("entities")));
}

TEST(QuestionSweep, ShowsWhatItsFirstPointIsTrainedOn) {
  const Scratch scratch;
  Request request;
  request.sweep = (scratch / "my.toml").native();
  write_file(request.sweep, stories + "entities = 2\nplaces = 3\n[axes]\nseed = [5, 6]\n");
  const auto points = plan(specify(request));
  const auto members = make_token_tasks(points[0].configuration, false);
  std::string text;
  TokenSequence sequence;
  for (std::uint64_t i = 0; i < 3; ++i) {
    deal_training(members, 5, i, sequence);
    text += to_text(members[0], sequence) + "\n";
  }
  EXPECT_EQ(show_episodes(request, 3), text);
  EXPECT_THAT(text, HasSubstr("<eos>\n\n"));
  request.sets = {"task=associative_retrieval", "model=published"};
  EXPECT_EQ(error_of([&] { show_episodes(request, 1); }),
            "--show-episodes: the task associative_retrieval deals no tokens");
}

}  // namespace
}  // namespace palimpsest::sweep
