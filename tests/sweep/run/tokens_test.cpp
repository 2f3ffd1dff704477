// Sweeps of tasks of tokens: what is assumed, their columns, and searches over pairs.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <string>

#include "palimpsest/sweep/judge/capacity_estimate.hpp"
#include "palimpsest/sweep/judge/capacity_table.hpp"
#include "palimpsest/sweep/plan/planner.hpp"
#include "palimpsest/sweep/rows/csv.hpp"
#include "palimpsest/sweep/rows/row_file.hpp"
#include "palimpsest/sweep/rows/slices.hpp"
#include "palimpsest/sweep/run/runner.hpp"
#include "palimpsest/theory/random_recall.hpp"
#include "sweep/error_of.hpp"
#include "sweep/scratch.hpp"

namespace palimpsest::sweep {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr auto mqar = "[baseline]\ntask = 'mqar'\nmodel = 'sequence'\n";

Configuration only_point(const std::string& toml, const Reading& reading = {}) {
  const auto points = plan(parse_specification(toml, "f.toml", reading));
  EXPECT_EQ(points.size(), 1u);
  return points.at(0).configuration;
}

TEST(TokenSweep, WhatItDoesNotSayFollowsOtherParameters) {
  const auto c = only_point(std::string(mqar) + "pairs = 8\nlength = '4pairs'\nwidth = 48\nheads = 3\n");
  EXPECT_EQ(c.train_pairs, "8");
  EXPECT_EQ(c.test_pairs, "8");
  EXPECT_EQ(c.length, "32");
  EXPECT_EQ(c.test_length, "32");
  EXPECT_EQ(c.key_dim, 16);
  EXPECT_EQ(c.schedule, "cosine");
  EXPECT_EQ(c.evaluation_sequences, 256) << "the protocol `sequence`";
}

TEST(TokenSweep, ATaskGivenFromOutsideDecidesWhatIsAssumed) {
  auto specification = parse_specification("[baseline]\n", "f.toml", {"", false, "mqar"});
  apply({parse_override(Override::set, "task=mqar"), parse_override(Override::set, "model=sequence")}, specification);
  EXPECT_EQ(plan(specification).at(0).configuration.schedule, "cosine");
  EXPECT_EQ(family_of(specification), Family::recall);
  EXPECT_EQ(only_point("[baseline]\n").schedule, "cooldown");
}

TEST(TokenSweep, AMixtureKeepsALengthThatFollowsItsPairs) {
  const auto c = only_point(std::string(mqar) + "train_pairs = '2 4'\ntest_pairs = '2 8'\nlength = '6pairs'\n");
  EXPECT_EQ(c.length, "6pairs");
  EXPECT_EQ(c.test_length, "6pairs");
}

TEST(TokenSweep, HasTheColumnsThatItsTaskAndModelHave) {
  const auto header = *csv_fields(values_schema(Family::recall).header());
  for (const auto* name : {"task",         "vocabulary", "pairs",
                           "length",       "fill",       "passes",
                           "memory",       "kernel",     "key_dim",
                           "feature_dim",  "rule",       "normalization",
                           "model",        "layers",     "width",
                           "heads",        "conv",       "learning_rate",
                           "seed",         "status",     "reason",
                           "steps",        "best_step",  "train_loss",
                           "final_loss",   "accuracy",   "sequence_accuracy",
                           "state_floats", "parameters"})
    EXPECT_EQ(std::count(header.begin(), header.end(), name), 1) << name;
  EXPECT_EQ(std::count(header.begin(), header.end(), "S"), 0);
  const auto pairs = *csv_fields(values_schema(Family::pairs).header());
  EXPECT_EQ(std::count(pairs.begin(), pairs.end(), "vocabulary"), 0);
}

TEST(TokenSweep, WhatATaskDoesNotReadIsEmpty) {
  const auto key = [](const std::string& toml, std::string_view name) {
    const auto point = plan(parse_specification(toml, "f.toml")).at(0);
    return point.key[position_of(name)];
  };
  EXPECT_EQ(key(mqar, "fill"), "zero");
  EXPECT_EQ(key(mqar, "reassigned"), "");
  EXPECT_EQ(key(mqar, "tied"), "true");
  EXPECT_EQ(key(mqar, "S"), "");
  EXPECT_EQ(key("[baseline]\ntask = 'stacked_mqar'\nmodel = 'sequence'\n", "length"), "");
  EXPECT_EQ(key("[baseline]\ntask = 'stacked_mqar'\nmodel = 'sequence'\n", "tied"), "");
  EXPECT_EQ(key("[baseline]\n", "pairs"), "");
}

TEST(TokenSweep, TasksOfBothKindsAreNoSweep) {
  const auto error = error_of([] {
    plan(parse_specification(
        "[[group]]\ntask = 'mqar'\nmodel = 'sequence'\n[[group]]\ntask = 'associative_retrieval'\n", "f"));
  });
  EXPECT_THAT(error, HasSubstr("different columns"));
}

TEST(TokenSweep, ProvenanceSaysItAgain) {
  const std::string toml = std::string(mqar) +
                           "length = '4pairs'\n[search]\naxis = 'pairs'\nfirst = 2\nlargest = 16\n" +
                           "best_of = 'learning_rate'\n[axes]\nlearning_rate = [1e-3, 1e-2]\nseed = [1, 2]\n";
  const auto specification = parse_specification(toml, "f.toml");
  const auto written = to_toml(specification);
  EXPECT_EQ(parse_specification(written, "again.toml"), specification);
  EXPECT_THAT(written, testing::Not(HasSubstr("\nS = ")));
  EXPECT_THAT(to_toml(parse_specification("[baseline]\n", "f")), testing::Not(HasSubstr("vocabulary")));
}

struct Malformed {
  const char *toml, *message;
};

TEST(TokenSweep, SearchesThatCannotBeAreNamed) {
  for (const auto& [toml, message] :
       {Malformed{"[search]\naxis = 'fill'\nfirst = 1\nlargest = 2\n",
                  "axis 'fill': allowed is a parameter of type integer"},
        Malformed{"[search]\naxis = 'seed'\nfirst = 1\nlargest = 2\n", "axis 'seed'"},
        Malformed{"[search]\naxis = 'pears'\nfirst = 1\nlargest = 2\n", "unknown parameter 'pears'"},
        Malformed{"[search]\naxis = 'pairs'\nfirst = 1\nlargest = 2\nbest_of = 'learning_rate'\n",
                  "no group has an axis of it"},
        Malformed{"[search]\nfirst = 1\nlargest = 2\n", "axis = 'S': the task 'mqar' doesn't have it"},
        Malformed{"[search]\nfirst = 1\nlargest = 2\nbest_of = 'rate'\n", "unknown parameter 'rate'"},
        Malformed{"[search]\naxis = 'pairs'\nfirst = 4\nlargest = 9\nstep = 2\n",
                  "step = 2: 'first' and 'largest' must be multiples of it"},
        Malformed{"[search]\naxis = 'pairs'\nfirst = 1\nlargest = 2\n[axes]\npairs = [1, 2]\n",
                  "pairs is searched for"}})
    EXPECT_THAT(error_of([toml = toml] { parse_specification(std::string(mqar) + toml, "f"); }), HasSubstr(message));
}

TEST(TokenSweep, ASearchHasNoSizesThatItsTaskCannotHave) {
  const auto planned = [](const std::string& baseline, const std::string& search) {
    make_planner(parse_specification(
        std::string(mqar) + baseline + "[search]\naxis = 'pairs'\nfirst = 4\nlargest = 8\n" + search, "f.toml"));
  };
  EXPECT_THAT(error_of([&] { planned("length = '5pairs'\n", ""); }),
              HasSubstr("[search] with step = 1, pairs from 4 on: length = 25: an even number of tokens is needed"));
  EXPECT_NO_THROW(planned("length = '5pairs'\n", "step = 2\n"));
  EXPECT_NO_THROW(planned("length = '4pairs'\n", ""));
}

/// Outcomes by a rule: up to so many pairs are recalled at a learning rate and seed.
using Holds = std::function<Index(double rate, std::uint64_t seed)>;

RunFunction recalls(const Holds& holds, std::map<std::pair<double, std::uint64_t>, std::vector<Index>>& asked) {
  return [holds, &asked](const Configuration& c, const RunOptions&) {
    asked[{c.learning_rate, c.seed}].push_back(c.pairs);
    Outcome outcome;
    outcome.final_loss = 1;
    outcome.accuracy = c.pairs <= holds(c.learning_rate, c.seed) ? 0.995 : 0.5;
    outcome.state_floats = 100;
    return outcome;
  };
}

TEST(TokenSweep, OfSeveralRatesTheBestOfTheFirstSeedIsSearchedForTheOthers) {
  const Scratch scratch;
  const auto specification =
      parse_specification(std::string(mqar) +
                              "length = '4pairs'\n[search]\naxis = 'pairs'\nfirst = 2\nlargest = 64\nresolution = 0\n"
                              "criteria = ['accuracy >= 0.99']\nbest_of = 'learning_rate'\n"
                              "[axes]\nlearning_rate = [1e-3, 1e-2, 3e-2]\nseed = [1, 2, 3]\n",
                          "f.toml");
  std::map<std::pair<double, std::uint64_t>, std::vector<Index>> asked;
  const Holds holds = [](double rate, std::uint64_t seed) -> Index { return rate == 1e-2 ? 20 + Index(seed) : 9; };
  auto options = quiet_options(scratch / "r.csv", Family::recall);
  options.searches = true;
  options.run = recalls(holds, asked);
  run(make_planner(specification), options);
  ASSERT_EQ(asked.size(), 5u) << "three rates with seed 1, one with 2 and 3";
  EXPECT_TRUE(asked.contains({1e-2, 2}) && asked.contains({1e-2, 3}));
  const auto estimates = estimate_capacity(read_table(options.out), {parse_criterion("accuracy >= 0.99")},
                                           {.search = specification.search});
  ASSERT_EQ(estimates.rows.size(), 1u);
  const auto& row = estimates.rows[0];
  EXPECT_EQ(row.seeds, 3);
  EXPECT_DOUBLE_EQ(row.capacity, 22);
  EXPECT_EQ(row.least_of_all, 9);
  EXPECT_DOUBLE_EQ(*row.most_of_all, 22);
  EXPECT_DOUBLE_EQ(row.state_floats, 100);
  EXPECT_DOUBLE_EQ(row.associations_per_float, 0.22);
  EXPECT_THAT(error_of([&] { make_planner(specification, {1, 2}); }), HasSubstr("--shard"));
}

TEST(TokenSweep, ARateOfOneSizeIsComparedWithTheOthers) {
  const Scratch scratch;
  const auto specification =
      parse_specification(std::string(mqar) +
                              "length = 32\n[search]\naxis = 'pairs'\nfirst = 1\nlargest = 4\nresolution = 0\n"
                              "criteria = ['accuracy >= 0.99']\nbest_of = 'learning_rate'\n"
                              "[axes]\nlearning_rate = [1e-3, 1e-2]\nseed = [1, 2]\n",
                          "f.toml");
  std::map<std::pair<double, std::uint64_t>, std::vector<Index>> asked;
  auto options = quiet_options(scratch / "r.csv", Family::recall);
  options.searches = true;
  options.run = recalls([](double rate, std::uint64_t) -> Index { return rate == 1e-2 ? 3 : 0; }, asked);
  run(make_planner(specification), options);
  EXPECT_THAT((asked[{1e-3, 1}]), ElementsAre(1)) << "it failed at once";
  const auto estimates = estimate_capacity(read_table(options.out), {parse_criterion("accuracy >= 0.99")},
                                           {.search = specification.search});
  ASSERT_EQ(estimates.rows.size(), 1u);
  EXPECT_EQ(estimates.rows[0].least_of_all, 0);
  EXPECT_EQ(estimates.rows[0].capacity, 3);
}

TEST(TokenSweep, BitsAreThoseOfDistinctValuesAndOfAnswersThatAreOne) {
  const Scratch scratch;
  const auto bits = [&](const std::string& task) {
    auto options = quiet_options(scratch / fmt::format("{}.csv", std::hash<std::string>()(task)), Family::recall);
    options.run = [](const Configuration&, const RunOptions&) {
      Outcome outcome;
      outcome.final_loss = 0, outcome.accuracy = 1, outcome.state_floats = 100;
      return outcome;
    };
    run(plan(parse_specification("[baseline]\nmodel = 'sequence'\npairs = 4\n" + task, "f.toml")), options);
    return estimate_capacity(read_table(options.out), {parse_criterion("accuracy >= 0.99")}).rows.at(0).bits;
  };
  EXPECT_NEAR(bits("task = 'stacked_mqar'\nvocabulary = 8\n").value(), std::log2(8. * 7 * 6 * 5), 1e-9);
  EXPECT_NEAR(bits("task = 'mqar'\nvocabulary = 16\n").value(), std::log2(8. * 7 * 6 * 5), 1e-9) << "half are values";
  EXPECT_FALSE(bits("task = 'multi_value'\nvocabulary = 16\n")) << "an answer is a set";
}

TEST(TokenSweep, ABatchThatFollowsThePairsMakesNoCurvesOfItsOwn) {
  const Scratch scratch;
  const auto specification = parse_specification(std::string(mqar) +
                                                     "length = '4pairs'\nbatch = '60/pairs'\n[search]\naxis = 'pairs'\n"
                                                     "first = 2\nlargest = 64\ncriteria = ['accuracy >= 0.99']\n",
                                                 "f.toml");
  std::map<std::pair<double, std::uint64_t>, std::vector<Index>> asked;
  std::map<Index, Index> batches;
  auto options = quiet_options(scratch / "b.csv", Family::recall);
  options.searches = true;
  options.run = [&, recall = recalls([](double, std::uint64_t) -> Index { return 9; }, asked)](
                    const Configuration& c, const RunOptions& run_options) {
    batches[c.pairs] = c.batch;
    return recall(c, run_options);
  };
  run(make_planner(specification), options);
  EXPECT_EQ(batches.at(2), 30);
  EXPECT_EQ(batches.at(8), 7);
  write(scratch / "b.provenance.toml", to_toml(specification));
  const auto estimates =
      estimate_capacity(read_table(options.out), {parse_criterion("accuracy >= 0.99")}, read_beside(options.out));
  ASSERT_EQ(estimates.rows.size(), 1u);
  EXPECT_DOUBLE_EQ(estimates.rows[0].capacity, 9);
  EXPECT_THAT(to_csv(estimates), testing::Not(HasSubstr("batch")));
}

TEST(TokenSweep, FrozenKeysHaveTheCapacityOfRandomOnesBesideThem) {
  const Scratch scratch;
  const auto of = [&](const std::string& baseline, const std::string& criterion) {
    std::map<std::pair<double, std::uint64_t>, std::vector<Index>> asked;
    auto options = quiet_options(scratch / fmt::format("{}.csv", std::hash<std::string>()(baseline)), Family::recall);
    options.run = recalls([](double, std::uint64_t) -> Index { return 5; }, asked);
    run(plan(parse_specification("[baseline]\ntask = 'stacked_mqar'\nmodel = 'sequence'\nconv = 0\nvocabulary = 63\n"
                                 "width = 16\npairs = 5\n" +
                                     baseline,
                                 "f.toml")),
        options);
    return estimate_capacity(read_table(options.out), {parse_criterion(criterion)});
  };
  const std::string frozen = "layers = 1\nembedding = 'unit_sphere'\nfrozen = true\n";
  const auto estimates = of(frozen, "accuracy >= 0.99");
  EXPECT_EQ(estimates.rows.at(0).random_keys, theory::sum_rule_capacity(0.99, 63, 16, 16));
  EXPECT_THAT(to_csv(estimates), HasSubstr(",random_keys\n"));
  for (const auto& [baseline, criterion] : {std::pair{frozen, "final_loss <= 0.1"},
                                            {frozen + "heads = 2\n", "accuracy >= 0.99"},
                                            {frozen + "mlp = true\n", "accuracy >= 0.99"},
                                            {std::string("layers = 1\n"), "accuracy >= 0.99"}}) {
    const auto others = of(baseline, criterion);
    EXPECT_EQ(others.rows.at(0).random_keys, std::nullopt) << baseline << criterion;
    EXPECT_THAT(to_csv(others), testing::Not(HasSubstr("random_keys")));
  }
}

TEST(TokenSweep, AnAccuracyThatTrainingStoppedAtIsJudgedByItsError) {
  const Criterion criterion{Criterion::accuracy, 0.99};
  Measured measured{.accuracy = 0.988, .evaluation_sequences = 100};
  EXPECT_FALSE(fulfils(measured, criterion));
  measured.reached_accuracy = 0.99;
  EXPECT_FALSE(fulfils(measured, criterion)) << "no error is known";
  measured.accuracy_error = 0.001;
  EXPECT_TRUE(fulfils(measured, criterion)) << "t(0.999, 99) = 3.17, times √2 and 0.001 is 0.0045";
  measured.accuracy = 0.985;
  EXPECT_FALSE(fulfils(measured, criterion));
  measured.accuracy = 0.988;
  measured.reached_accuracy = 0.95;
  EXPECT_FALSE(fulfils(measured, criterion)) << "training stopped at less";
  EXPECT_FALSE(meets(measured, criterion));
  measured.accuracy = 0.99;
  EXPECT_TRUE(meets(measured, criterion));
}

TEST(TokenSweep, CapacitiesByMarginAreCounted) {
  const Scratch scratch;
  auto options = quiet_options(scratch / "m.csv", Family::recall);
  options.run = [](const Configuration& c, const RunOptions&) {
    Outcome outcome;
    outcome.final_loss = 1;
    outcome.accuracy = c.pairs == 4 ? 0.5 : c.seed == 1 ? 0.988 : 0.99;
    outcome.accuracy_error = 0.001;
    outcome.steps_to_target = 100;
    outcome.state_floats = 100;
    return outcome;
  };
  run(plan(parse_specification(std::string(mqar) + "length = '4pairs'\n[axes]\npairs = [2, 4]\nseed = [1, 2, 3]\n",
                               "f.toml")),
      options);
  const auto estimates = estimate_capacity(read_table(options.out), {parse_criterion("accuracy >= 0.99")});
  EXPECT_EQ(estimates.rows.at(0).capacity, 2);
  EXPECT_EQ(estimates.rows.at(0).by_margin, 1) << "seed 1";
  EXPECT_THAT(to_text(estimates), HasSubstr("1 of 3 capacities of a seed are by margin"));
}

TEST(TokenSweep, SlicesAreRowsOfTheirOwn) {
  const Scratch scratch;
  const auto points = plan(parse_specification(
      std::string(mqar) + "train_pairs = '2 4'\ntest_pairs = '2 4'\nlength = '6pairs'\n[axes]\nseed = [1, 2]\n", "f"));
  auto options = quiet_options(scratch / "r.csv", Family::recall);
  options.run = [](const Configuration& c, const RunOptions&) {
    Outcome outcome;
    outcome.final_loss = 1;
    outcome.slices = {{2, 0.5, 0.25, 1.5, 0.125}, {4, c.seed == 1 ? 0.75 : 1, 0, 2, std::nullopt}};
    return outcome;
  };
  run(points, options);
  write_slices(options.out, Family::recall);
  const auto table = read_table(slices_path(options.out));
  ASSERT_EQ(table.rows.size(), 4u);
  const auto at = [&](std::size_t row, std::string_view name) { return table.rows[row].fields[table.at(name)]; };
  EXPECT_EQ(at(1, "tested_pairs"), "4");
  EXPECT_EQ(at(1, "accuracy"), "0.75");
  EXPECT_EQ(at(1, "accuracy_error"), "");
  EXPECT_EQ(at(2, "seed"), "2");
  EXPECT_EQ(at(2, "accuracy_error"), "0.125");
  EXPECT_EQ(at(2, "sequence_accuracy"), "0.25");
  EXPECT_EQ(at(3, "loss"), "2");
}

}  // namespace
}  // namespace palimpsest::sweep
