#include "palimpsest/sweep/plan/search.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <random>

#include "palimpsest/sweep/plan/planner.hpp"
#include "palimpsest/sweep/rows/collection.hpp"
#include "palimpsest/sweep/rows/merge.hpp"
#include "sweep/error_of.hpp"
#include "sweep/scratch.hpp"

namespace palimpsest::sweep {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Search from_to(Index first, Index largest, double resolution = 0, Index failures = 1) {
  return {first, largest, {parse_criterion("final_loss <= 0.001")}, resolution, failures};
}

/// All that a search asks for if just the sizes up to the capacity pass.
std::vector<Index> whole(const Search& search, Index capacity) {
  return follow(search, [=](Index S) { return S <= capacity; }).sizes;
}

TEST(SearchSizes, DoublesThenHalvesTheGap) {
  EXPECT_THAT(whole(from_to(4, 1000), 22), ElementsAre(4, 8, 16, 32, 24, 20, 22, 23));
}

TEST(SearchSizes, EndsAtTheLargestEvenIfItPasses) { EXPECT_THAT(whole(from_to(4, 20), 99), ElementsAre(4, 8, 16, 20)); }

TEST(SearchSizes, GoesBelowAFirstSizeThatFails) {
  EXPECT_THAT(whole(from_to(8, 100), 3), ElementsAre(8, 4, 2, 3));
  EXPECT_THAT(whole(from_to(8, 100), 0), ElementsAre(8, 4, 2, 1));
}

TEST(SearchSizes, StopsOnceTheGapIsAShareOfItsUpperEnd) {
  EXPECT_THAT(whole(from_to(64, 1000, 0.25), 100), ElementsAre(64, 128, 96)) << "128 − 96 is a quarter of 128";
}

TEST(SearchSizes, AreMultiplesOfAStep) {
  auto search = from_to(4, 96);
  search.step = 2;
  EXPECT_THAT(whole(search, 22), ElementsAre(4, 8, 16, 32, 24, 20, 22)) << "22 and 24 are next to each other";
  search = from_to(6, 96), search.step = 3, search.beyond = 1.5;
  EXPECT_THAT(whole(search, 22), ElementsAre(6, 12, 24, 18, 21));
  EXPECT_EQ(follow(search, [](Index S) { return S <= 22; }).beyond, 33)
      << "31.5 in whole steps, the upper of two as near";
}

TEST(SearchSizes, OneFailureAmongSizesThatPassIsNoEndIfSeveralAreNeeded) {
  const auto passes = [](Index S) { return S <= 20 && S != 8; };
  EXPECT_THAT(follow(from_to(4, 1000), passes).sizes, ElementsAre(4, 8, 6, 7));
  EXPECT_THAT(follow(from_to(4, 1000, 0, 2), passes).sizes, ElementsAre(4, 8, 16, 32, 64, 24, 20, 22, 21));
}

TEST(SearchSizes, EndsWithTheFirstSizeThatIsNotKnown) {
  const auto all = whole(from_to(4, 1000), 22);
  for (std::size_t n = 0; n < all.size(); ++n) {
    const std::vector known(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(n));
    const auto asked = follow(from_to(4, 1000), [&](Index S) -> std::optional<bool> {
      if (std::find(known.begin(), known.end(), S) == known.end()) return std::nullopt;
      return S <= 22;
    });
    EXPECT_EQ(asked.sizes, std::vector(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(n) + 1));
  }
}

TEST(SearchSizes, BracketsTheCapacityWhateverItIs) {
  for (Index capacity = 0; capacity <= 130; ++capacity) {
    const auto all = whole(from_to(5, 120), capacity);
    Index passed = 0, failed = 121;
    for (const auto S : all) S <= capacity ? passed = std::max(passed, S) : failed = std::min(failed, S);
    EXPECT_EQ(passed, std::min<Index>(capacity, 120));
    EXPECT_EQ(failed, std::min<Index>(capacity, 120) + 1);
  }
}

TEST(SearchSizes, WhatIsBeyondIsKnownOnceItHasEndedAndIsNeverAskedAbout) {
  auto search = from_to(4, 1000);
  search.beyond = 2;
  const auto until = [&](Index capacity, std::size_t known) {
    std::size_t asked = 0;
    return follow(search, [&](Index S) { return asked++ < known ? std::optional(S <= capacity) : std::nullopt; });
  };
  for (std::size_t known = 0; known < 8; ++known) EXPECT_FALSE(until(22, known).beyond) << known;
  EXPECT_EQ(until(22, 8).beyond, 44);
  EXPECT_EQ(until(22, 8).sizes, whole(from_to(4, 1000), 22));
  EXPECT_FALSE(until(0, 100).beyond) << "nothing is stored";
  EXPECT_EQ(until(1000, 100).beyond, 2000) << "above the largest";
  search.beyond = 1.5;
  EXPECT_EQ(until(23, 100).beyond, 35) << "34.5";
}

/// Stores a number of keys that the kernel, the seed and nothing else decide; accuracy holds out twice as long.
Outcome made_up_capacity(const Configuration& c, const RunOptions&) {
  Outcome outcome;
  const auto capacity = 10 * static_cast<Index>(c.kernel.size()) + 3 * static_cast<Index>(c.seed);
  outcome.reason = "tolerance";
  outcome.final_loss = c.S <= capacity ? 0.0005 : 0.1;
  outcome.accuracy = c.S <= 2 * capacity ? 1 : 0.9;
  outcome.seconds = 0.001 * static_cast<double>(c.S);
  return outcome;
}

class SearchSweep : public testing::Test {
 protected:
  static constexpr auto toml = R"(
[baseline]
L = "S"
[search]
first = 4
largest = 200
beyond = 2
[axes]
seed = [1, 2, 3]
[[group]]
memory = "softmax"
[[group]]
axes.kernel = ["elu", "dpfp:1", "identity"]
)";

  static Specification specification(std::string_view text = toml) { return parse_specification(text, "test"); }

  RunnerOptions options(const std::string& name, int threads = 1) const {
    RunnerOptions options;
    options.out = scratch / name;
    options.threads = threads;
    options.messages = nullptr;
    options.run = made_up_capacity;
    return options;
  }

  static std::pair<std::string, std::string> contents(const std::filesystem::path& out) {
    return {read(out), read(timings_path(out))};
  }

  std::pair<std::string, std::string> undisturbed() const {
    const auto o = options("undisturbed.csv");
    EXPECT_TRUE(run(make_planner(specification()), o).complete());
    return contents(o.out);
  }

  /// `kernel or memory/seed` → sizes, in the file's order.
  static std::map<std::string, std::vector<Index>> sizes(const std::filesystem::path& out) {
    std::map<std::string, std::vector<Index>> all;
    const RowFile file(out, values_schema(), Access::read);
    for (const auto& row : file.rows()) {
      const auto& f = row.fields;
      all[(f[5].empty() ? f[4] : f[5]) + "/" + f[14]].push_back(std::stol(f[1]));
    }
    return all;
  }

  Scratch scratch;
};

TEST_F(SearchSweep, BracketsEachCurveAndSeedForItself) {
  undisturbed();
  const auto all = sizes(scratch / "undisturbed.csv");
  EXPECT_EQ(all.size(), 4u * 3u);
  // elu stores 33 with seed 1 and 39 with seed 3; a gap of 2 is within 5 % of 40, not of 34.
  // Beyond are 66, and 76, twice the largest that passed.
  EXPECT_THAT(all.at("elu/1"), ElementsAre(4, 8, 16, 32, 33, 34, 36, 40, 48, 64, 66));
  EXPECT_THAT(all.at("elu/3"), ElementsAre(4, 8, 16, 32, 36, 38, 40, 48, 64, 76));
  EXPECT_THAT(all.at("identity/2"), ElementsAre(4)) << "skipped: there is nothing to search";
}

TEST_F(SearchSweep, GivesTheSameBytesForAnyNumberOfThreads) {
  const auto expected = undisturbed();
  for (const int threads : {1, 2, 4, 64}) {
    auto o = options(fmt::format("threads{}.csv", threads), threads);
    o.run = after_a_while(made_up_capacity);
    run(make_planner(specification()), o);
    EXPECT_EQ(contents(o.out), expected) << threads << " threads";
  }
}

TEST_F(SearchSweep, GivesTheSameBytesAfterInterruptions) {
  const auto expected = undisturbed();
  std::mt19937 random(1);
  for (int round = 0; round < 10; ++round) {
    const auto o = options(fmt::format("round{}.csv", round), 1 + round % 3);
    const int interruptions = run_with_interruptions(
        o, made_up_capacity, 25, random,
        [&](const RunnerOptions& options) { return run(make_planner(specification()), options); });
    EXPECT_GT(interruptions, 1);
    EXPECT_EQ(contents(o.out), expected);
  }
}

TEST_F(SearchSweep, RunsEveryPointOnce) {
  auto o = options("a.csv");
  std::size_t runs = 0;
  o.run = [&](const Configuration& c, const RunOptions& run_options) {
    ++runs;
    return made_up_capacity(c, run_options);
  };
  const auto summary = run(make_planner(specification()), o);
  EXPECT_EQ(summary.points, runs + 3) << "identity is skipped, not run";
  runs = 0;
  EXPECT_EQ(run(make_planner(specification()), o).found, summary.points);
  EXPECT_EQ(runs, 0u);
}

TEST_F(SearchSweep, ShardsKeepCurvesWholeAndMergeToTheSameBytes) {
  const auto expected = undisturbed();
  std::vector<std::filesystem::path> files;
  std::size_t searches = 0;
  for (std::size_t i = 1; i <= 3; ++i) {
    auto o = options(fmt::format("part{}.csv", i));
    Provenance provenance(specification(), "test", fmt::format("{}/3", i), 1);
    o.provenance = &provenance;
    run(make_planner(specification(), {i, 3}), o);
    searches += sizes(o.out).size();
    files.push_back(o.out);
  }
  EXPECT_EQ(searches, 4u * 3u) << "no curve and seed is in two shards";
  const auto incomplete = merge({{files[0], files[2]}, scratch / "merged.csv", "test"});
  EXPECT_FALSE(incomplete.missing.empty());
  EXPECT_TRUE(merge({files, scratch / "merged.csv", "test"}).missing.empty());
  EXPECT_EQ(contents(scratch / "merged.csv"), expected);
}

TEST_F(SearchSweep, RefusesRowsThatItsSearchDoesNotLeadTo) {
  const auto o = options("a.csv");
  run(plan(specification("[axes]\nS = [4, 5]\nL = [\"S\"]")), o);
  EXPECT_THAT(error_of([&] { run(make_planner(specification()), o); }), HasSubstr("no point of this sweep"));
}

TEST_F(SearchSweep, SeveralCriteriaAreSearchedForTogether) {
  const auto o = options("a.csv");
  run(make_planner(specification(
          "[search]\nfirst = 8\nlargest = 100\nresolution = 0\nbeyond = 2\ncriteria = ['final_loss <= 0.001', "
          "'accuracy >= 0.99']\n[baseline]\nL = 'S'")),
      o);
  EXPECT_THAT(sizes(o.out).at("elu/1"), ElementsAre(8, 16, 32, 33, 34, 36, 40, 48, 64, 66, 67, 68, 73, 82, 100, 132))
      << "capacities 33 and 66, and twice as much";
}

TEST_F(SearchSweep, EvaluationNoiseDoesNotDecideWhatStoppedAtTheToleranceAndADivergedPointFails) {
  auto o = options("a.csv");
  o.run = [](const Configuration& c, const RunOptions&) {
    Outcome outcome;
    outcome.best_loss = c.S <= 10 ? 0.0009 : 0.0011;  // training stopped at it up to S = 10
    outcome.final_loss = c.S <= 12 ? 0.0012 : 0.0001;
    outcome.final_loss_error = 0.0001;
    if (c.S > 12) outcome.status = Status::diverged;
    return outcome;
  };
  run(make_planner(specification("[search]\nfirst = 4\nlargest = 40\nresolution = 0\n[baseline]\nL = 'S'")), o);
  EXPECT_THAT(sizes(o.out).at("elu/1"), ElementsAre(4, 8, 10, 11, 12, 16)) << "capacity 10";
}

TEST_F(SearchSweep, ReadsBackWhatItWrites) {
  EXPECT_EQ(parse_specification(to_toml(specification()), "again"), specification());
  const auto other = specification(
      "[search]\nfirst = 3\nlargest = 7\nresolution = 0.125\nfailures = 2\nbeyond = 1.5\ncriteria = ['accuracy >= "
      "0.5']");
  EXPECT_EQ(parse_specification(to_toml(other), "again"), other);
  EXPECT_NE(other.search->beyond, 0);
  EXPECT_EQ(describe(*other.search), "S from 3 to 7, accuracy >= 0.5, resolution 0.125, and 1.5 times the capacity");
}

TEST_F(SearchSweep, AnAxisOfSReplacesTheSearch) {
  auto narrowed = specification();
  apply({parse_override(Override::axis, "S=20,30"), parse_override(Override::axis, "kernel=elu")}, narrowed);
  EXPECT_FALSE(narrowed.search);
  EXPECT_EQ(plan(narrowed).size(), 2u * 3u);
  auto other = specification();
  apply({parse_override(Override::axis, "kernel=elu")}, other);
  EXPECT_TRUE(other.search);
}

TEST_F(SearchSweep, WhatIsBeyondMovesNoSearchWhetherItPassesOrFails) {
  const auto expected = (undisturbed(), sizes(scratch / "undisturbed.csv"));
  for (const bool passes : {true, false}) {
    auto o = options(fmt::format("{}.csv", passes));
    o.run = [&](const Configuration& c, const RunOptions& run_options) {
      auto outcome = made_up_capacity(c, run_options);
      const bool is_beyond = c.kernel == "elu" && (c.S == 66 || c.S == 72 || c.S == 76);
      if (is_beyond) outcome.final_loss = passes ? 0.0001 : 0.4;
      return outcome;
    };
    EXPECT_TRUE(run(make_planner(specification()), o).complete());
    EXPECT_EQ(sizes(o.out), expected);
    EXPECT_EQ(run(make_planner(specification()), o).found, run(make_planner(specification()), o).points);
  }
}

TEST_F(SearchSweep, WhatIsBeyondIsRunOnceThoughTheSearchWasThere) {
  const auto o = options("a.csv");
  run(make_planner(
          specification("[search]\nfirst = 33\nlargest = 200\nresolution = 0.5\nbeyond = 2\n[baseline]\nL = 'S'")),
      o);
  EXPECT_THAT(sizes(o.out).at("elu/1"), ElementsAre(33, 66)) << "33 is stored, 66 failed";
}

TEST_F(SearchSweep, ASearchThatCanNotBeRunIsRefusedAtOnce) {
  constexpr auto long_sequences =
      "[search]\nfirst = 4\nlargest = 40000\n{}[baseline]\nreplacement = true\nL = '20000S'";
  make_planner(specification(fmt::format(long_sequences, "")));
  EXPECT_THAT(error_of([&] { make_planner(specification(fmt::format(long_sequences, "beyond = 2\n"))); }),
              HasSubstr("L '20000S'"))
      << "of 80000 keys";
  EXPECT_THAT(error_of([] { make_planner(specification("[search]\nfirst = 4\nlargest = 40\n[baseline]\nL = 50")); }),
              HasSubstr("50"));
}

struct MalformedSearch {
  const char *toml, *message;
};

class MalformedSearchToml : public testing::TestWithParam<MalformedSearch> {};

TEST_P(MalformedSearchToml, IsNamedWithItsLine) {
  EXPECT_THAT(error_of([] { parse_specification(GetParam().toml, "f.toml"); }), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    SearchSweep, MalformedSearchToml,
    testing::Values(
        MalformedSearch{"search = 3", "f.toml:1: 'search' must be a table"},
        MalformedSearch{"[search]\nfirst = 4", "f.toml:1: [search] needs 'first' and 'largest'"},
        MalformedSearch{"[search]\nfirst = 40\nlargest = 4", "first <= largest"},
        MalformedSearch{"[search]\nfirst = 4.0\nlargest = 40", "f.toml:2: 'first' must be an integer from 1"},
        MalformedSearch{"[search]\nfirst = 0\nlargest = 40", "f.toml:2: 'first' must be an integer from 1"},
        MalformedSearch{"[search]\n\nlast = 4", "f.toml:3: unknown key 'last'; known: axis, first, largest"},
        MalformedSearch{"[search]\nresolution = 2", "f.toml:2: 'resolution' must be a number from 0 to 1"},
        MalformedSearch{"[search]\nfailures = 0", "f.toml:2: 'failures' must be an integer from 1"},
        MalformedSearch{"[search]\nfirst = 4\nlargest = 8\nbeyond = 1", "f.toml:4: 'beyond' must be above 1"},
        MalformedSearch{"[search]\nbeyond = -1", "f.toml:2: 'beyond' must be a number from 0 to 100"},
        MalformedSearch{"[search]\ncriteria = 'x'", "f.toml:2: 'criteria' must be an array"},
        MalformedSearch{"[search]\ncriteria = ['x <= 1']", "f.toml:2: criterion 'x <= 1': allowed is"},
        MalformedSearch{"[search]\nfirst = 4\nlargest = 8\n[baseline]\nS = 3", "f.toml:5: S is searched for"},
        MalformedSearch{"[search]\nfirst = 4\nlargest = 8\n[axes]\nS = [3]", "f.toml:5: S is searched for"}));

}  // namespace
}  // namespace palimpsest::sweep
