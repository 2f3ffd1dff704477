#include "palimpsest/sweep/judge/capacity_estimate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "palimpsest/core/random.hpp"
#include "palimpsest/sweep/judge/capacity_table.hpp"
#include "palimpsest/sweep/plan/search.hpp"
#include "palimpsest/sweep/plan/specification.hpp"
#include "palimpsest/train/configuration.hpp"
#include "sweep/error_of.hpp"
#include "sweep/scratch.hpp"

namespace palimpsest::sweep {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const Criterion loss{Criterion::final_loss, 0.001}, half{Criterion::accuracy, 0.5};

class CapacityOfRows : public testing::Test {
 protected:
  /// Rows without a header: S,L,replacement,memory,kernel,key_dim,feature_dim,rule,normalization,seed,status,loss,accuracy.
  CapacityEstimates estimates(std::string_view rows, const std::vector<Criterion>& criteria = {loss},
                              const Beside& beside = {}) const {
    return estimate_capacity(table(rows), criteria, beside);
  }

  CapacityEstimate estimate(std::string_view rows, const Criterion& criterion = loss) const {
    const auto all = estimates(rows, {criterion}).rows;
    EXPECT_EQ(all.size(), 1u);
    return all.at(0);
  }

  Table table(std::string_view rows) const {
    write(scratch / "rows.csv",
          "S,L,replacement,memory,kernel,key_dim,feature_dim,rule,normalization,seed,status,final_loss,accuracy\n" +
              std::string(rows));
    return read_table(scratch / "rows.csv");
  }

  /// Rows without a header: S,kernel,seed,seconds.
  Table timings(std::string_view rows) const {
    write(scratch / "rows.timings.csv", "S,kernel,seed,seconds\n" + std::string(rows));
    return read_table(scratch / "rows.timings.csv");
  }

  static std::string elu(int S, int seed, double loss, double accuracy = 1, std::string_view status = "ok") {
    return fmt::format("{0},{0},false,fast_weight,elu,8,8,sum,attention,{1},{2},{3},{4}\n", S, seed, status, loss,
                       accuracy);
  }

  Scratch scratch;
};

TEST_F(CapacityOfRows, IsTheLargestSizeThatFulfilsMeanedOverSeeds) {
  const auto e = estimate(elu(4, 1, 0.0005) + elu(8, 1, 0.001) + elu(9, 1, 0.1) +  //
                          elu(4, 2, 0.0005) + elu(6, 2, 0.2) + elu(7, 2, 0.0001) + elu(8, 2, 0.3));
  EXPECT_EQ(e.seeds, 2);
  EXPECT_EQ(e.capacity, 7.5) << "8 and 7: that seed 2 failed at 6 doesn't matter";
  EXPECT_EQ(e.failing, 8.5) << "9 and 8";
  EXPECT_EQ(e.censored, "");
  // s² = ½ of both ends, r = 1/12, t_1(0.975) = 12.7062: 7.5 − 12.7062·√(7/24), and 8.5 + …, clipped to the limit.
  EXPECT_NEAR(e.low.value(), 7.5 - 12.706204736 * std::sqrt(7. / 24), 1e-8);
  EXPECT_EQ(e.high, 8.0);
  EXPECT_FALSE(e.bimodal);
  EXPECT_EQ(e.per_feature, 7.5 / 8);
  EXPECT_EQ(e.limit, 8);
  EXPECT_EQ(e.state_floats, (8 * 8 + 8 + 7 * 8 + 8) / 2.0);
  EXPECT_DOUBLE_EQ(e.associations_per_float, (8 / 72. + 7 / 64.) / 2);
  EXPECT_NEAR(e.bits.value(), (std::log2(40320) + std::log2(5040)) / 2, 1e-10);
}

TEST_F(CapacityOfRows, OneSeedHasNoInterval) {
  const auto e = estimate(elu(4, 1, 0) + elu(8, 1, 0.1));
  EXPECT_EQ(e.capacity, 4);
  EXPECT_FALSE(e.low || e.high);
}

TEST_F(CapacityOfRows, SaysWhereItIsOnlyABound) {
  const auto never_failed = estimate(elu(4, 1, 0) + elu(8, 1, 0) + elu(8, 2, 0) + elu(9, 2, 0.1));
  EXPECT_EQ(never_failed.censored, "above");
  EXPECT_EQ(never_failed.failing, 9) << "of the one seed that has it";
  EXPECT_TRUE(never_failed.low);
  EXPECT_FALSE(never_failed.high) << "open";
  EXPECT_THAT(to_text(estimates(elu(8, 1, 0) + elu(8, 2, 0) + elu(9, 2, 0.1))), HasSubstr(">=8.0  >=5.4"));
  const auto never_passed = estimate(elu(4, 1, 0.1) + elu(8, 1, 0.1));
  EXPECT_EQ(never_passed.censored, "below");
  EXPECT_EQ(never_passed.capacity, 0);
  EXPECT_EQ(never_passed.failing, 4);
  EXPECT_EQ(never_passed.bits_per_float, 0);
  EXPECT_EQ(estimate(elu(4, 1, 0.1) + elu(4, 2, 0)).censored, "both");
}

TEST_F(CapacityOfRows, DivergedPointsFailAndSkippedOnesDoNotCount) {
  const auto diverged = "8,8,false,fast_weight,elu,8,8,sum,attention,1,diverged,,\n";
  const auto skipped = "8,8,false,fast_weight,identity,8,8,sum,attention,1,skipped,,\n";
  const auto e = estimate(elu(4, 1, 0) + diverged + skipped);
  EXPECT_EQ(e.capacity, 4);
  EXPECT_EQ(e.failing, 8);
}

TEST_F(CapacityOfRows, EachCurveHasEveryCriterion) {
  const auto all =
      estimates(elu(4, 1, 0) + elu(8, 1, 0.2, 0.6) + "4,8,true,fast_weight,elu,8,8,sum,sum,1,ok,0.1,0.4\n" +
                    "4,4,false,softmax,,8,,,,1,ok,0,1\n",
                {loss, half});
  ASSERT_EQ(all.rows.size(), 6u);
  EXPECT_EQ(all.rows[0].capacity, 4);
  EXPECT_EQ(all.rows[1].capacity, 8);
  EXPECT_EQ(all.rows[2].curve[0], "2S") << "L is a multiple of S";
  EXPECT_FALSE(all.rows[1].limit) << "no bound on accuracy";
  EXPECT_FALSE(all.rows[4].limit) << "softmax";
  EXPECT_FALSE(all.rows[4].per_feature);
  EXPECT_EQ(all.rows[4].state_floats, 4 * (8 + 4));
}

TEST_F(CapacityOfRows, AConstantLengthIsOneCurve) {
  const auto row = [](int S) { return fmt::format("{},40,true,fast_weight,elu,8,8,sum,none,1,ok,0,1\n", S); };
  const auto e = estimate(row(10) + row(20));
  EXPECT_EQ(e.curve[0], "40");
  EXPECT_EQ(e.state_floats, 20 * 8) << "no accumulator";
}

TEST_F(CapacityOfRows, TheLimitOfOverwritingIsWhereItsBoundPassesTheCriterion) {
  const auto e = estimate("4,8,true,fast_weight,elu,8,8,sum,sum,1,ok,0,1\n");
  // D of 2S draws is below S with some luck, so that a little more than p keys have no loss to speak of.
  EXPECT_EQ(e.limit, 8);
  EXPECT_NEAR(e.bits.value(), 4 * (1 - std::pow(0.75, 8)) * 2, 1e-12) << "E[D] values of 2 bits";
}

TEST_F(CapacityOfRows, FeaturesThatRepeatCountOnce) {
  // DPFP with ν = 7 at d = 4: 56 features, of which the rolls 4 to 7 have nothing new.
  const auto e = estimate("12,12,false,fast_weight,dpfp:7,4,56,sum,attention,1,ok,0.0001,1\n");
  EXPECT_EQ(e.limit, 24);
  EXPECT_EQ(e.per_feature, 0.5);
}

TEST_F(CapacityOfRows, TheNumberOfFeaturesIsTheFilesOwn) {
  EXPECT_FALSE(estimate("12,12,false,softmax,,4,,,,1,ok,0.0001,1\n").limit);
  EXPECT_EQ(estimate("12,12,false,softmax,,4,24,,,1,ok,0.0001,1\n").limit, 24) << "whatever that means to its writer";
  write(scratch / "rows.csv",
        "S,L,memory,kernel,feature_dim,rule,seed,status,final_loss,accuracy\n12,12,fast_weight,dpfp:3,48,sum,1,ok,0."
        "0001,1\n");
  EXPECT_EQ(estimate_capacity(read_table(scratch / "rows.csv"), {loss}).rows.at(0).limit, 48)
      << "no key_dim says d = 8";
}

TEST_F(CapacityOfRows, EqualInputGivesEqualBytes) {
  const auto rows = elu(4, 1, 0) + elu(8, 1, 0.1) + elu(6, 2, 0) + elu(4, 3, 0);
  EXPECT_EQ(to_csv(estimates(rows)), to_csv(estimates(rows)));
  EXPECT_THAT(to_csv(estimates(rows)), HasSubstr("L,replacement,memory,kernel,key_dim,feature_dim,rule,normalization,"
                                                 "criterion,seeds,by_margin,capacity,"));
}

TEST_F(CapacityOfRows, HasTheLossAtTwiceOfTheSeedsThatHaveARowThere) {
  const auto rows = elu(3, 1, 0) + elu(4, 1, 0.1) + elu(6, 1, 0.3) + elu(4, 2, 0) + elu(8, 2, 0.4);
  const auto e = estimate(rows + elu(2, 3, 0) + elu(5, 3, 0.1) + elu(4, 4, 0.3));
  EXPECT_EQ(e.loss_at_twice, 0.35) << "0.3 at 6 and 0.4 at 8; seed 3 has no row at 4, and seed 4 no capacity";
  EXPECT_DOUBLE_EQ(e.loss_at_twice_deviation.value(), 0.1 / std::sqrt(2));
  const auto diverged = "4,4,false,fast_weight,elu,8,8,sum,attention,1,diverged,,\n";
  EXPECT_FALSE(estimate(elu(2, 1, 0) + diverged).loss_at_twice);
  const auto one = estimate(elu(2, 1, 0) + elu(4, 1, 0.2));
  EXPECT_EQ(one.loss_at_twice, 0.2);
  EXPECT_FALSE(one.loss_at_twice_deviation);
}

const Beside searched{Search{4, 16, {loss}, 0, 1, 2}, std::nullopt};

TEST_F(CapacityOfRows, WhatASearchRanBeyondItsCapacityDoesNotMoveIt) {
  const auto rows = elu(4, 1, 0) + elu(8, 1, 0.1) + elu(6, 1, 0.1) + elu(5, 1, 0);
  const auto lucky = estimates(rows + elu(10, 1, 0.0001), {loss}, searched).rows.at(0);
  EXPECT_EQ(lucky.capacity, 5);
  EXPECT_EQ(lucky.failing, 6);
  EXPECT_EQ(lucky.loss_at_twice, 0.0001);
  EXPECT_EQ(estimate(rows + elu(10, 1, 0.0001)).capacity, 10) << "of a grid it would be another size that passed";
  const auto all = elu(4, 1, 0) + elu(8, 1, 0) + elu(16, 1, 0);
  for (const double at_twice : {0.0001, 0.2}) {
    const auto censored = estimates(all + elu(32, 1, at_twice), {loss}, searched).rows.at(0);
    EXPECT_EQ(censored.capacity, 16);
    EXPECT_EQ(censored.censored, "above");
    EXPECT_FALSE(censored.failing);
    EXPECT_EQ(censored.loss_at_twice, at_twice);
  }
}

TEST_F(CapacityOfRows, WhatASearchAskedForCountsThoughItIsTwiceTheCapacityToo) {
  const auto e =
      estimates(elu(4, 1, 0) + elu(8, 1, 0.2) + elu(6, 1, 0.1) + elu(5, 1, 0.1), {loss}, searched).rows.at(0);
  EXPECT_EQ(e.capacity, 4);
  EXPECT_EQ(e.loss_at_twice, 0.2);
  EXPECT_EQ(estimates(elu(4, 1, 0) + elu(8, 1, 0), {loss}, searched).rows.at(0).capacity, 8) << "the search goes on";
}

TEST_F(CapacityOfRows, OfAnyRowsThatASearchLeadsToItIsWhatTheSearchFound) {
  Stream stream(3, Purpose::test, 1);
  int moved = 0;
  for (int i = 0; i < 100; ++i) {
    auto search = *searched.search;
    search.largest = 60;
    search.failures = 1 + i % 2;
    search.resolution = 0.1;
    const double threshold = 40 * stream.uniform<double>();
    std::map<Index, bool> answers;  // noisy around the threshold
    const auto passes = [&](Index S) {
      const double noise = threshold * (stream.uniform<double>() - 0.5);
      return answers.try_emplace(S, static_cast<double>(S) <= threshold + noise).first->second;
    };
    const auto course = follow(search, passes);
    Index found = 0;
    std::string rows;
    for (const auto S : course.sizes) {
      if (passes(S)) found = std::max(found, S);
      rows += elu(static_cast<int>(S), 1, passes(S) ? 0.0001 : 0.1);
    }
    const auto expected = estimate(rows);
    EXPECT_EQ(expected.capacity, found);
    if (!course.beyond || answers.contains(*course.beyond)) continue;
    for (const double at_twice : {0.0001, 0.3}) {
      const auto with = rows + elu(static_cast<int>(*course.beyond), 1, at_twice);
      const auto e = estimates(with, {loss}, {search, std::nullopt}).rows.at(0);
      EXPECT_EQ(e.capacity, expected.capacity);
      EXPECT_EQ(e.failing, expected.failing);
      EXPECT_EQ(e.censored, expected.censored);
      EXPECT_EQ(e.loss_at_twice, at_twice);
      moved += estimate(with).capacity != expected.capacity;
    }
  }
  EXPECT_GT(moved, 20) << "without the search a size that passes by luck is the capacity";
}

TEST_F(CapacityOfRows, TheTimeOfAStepIsThatAtTheCapacity) {
  write(scratch / "rows.csv",
        "S,L,memory,kernel,key_dim,feature_dim,seed,status,steps,final_loss,accuracy\n"
        "4,4,fast_weight,elu,8,8,1,ok,100,0,1\n8,8,fast_weight,elu,8,8,1,ok,500,0.1,1\n"
        "8,8,fast_weight,elu,8,8,2,ok,200,0,1\n6,6,fast_weight,elu,8,8,3,ok,200,0,1\n");
  const auto rows = read_table(scratch / "rows.csv");
  const auto times = timings("8,elu,1,9\n4,elu,1,8\n4,elu,1,0.1\n8,elu,2,0.6\n8,elu,4,7\n");
  const auto e = estimate_capacity(rows, {loss}, {std::nullopt, times});
  EXPECT_DOUBLE_EQ(e.rows.at(0).step_seconds.value(), 0.002)
      << "1 ms (the later of two timings) and 3; seed 3 has none";
  EXPECT_THAT(to_text(e), HasSubstr("ms/step"));
  const auto without = estimate_capacity(rows, {loss});
  EXPECT_THAT(to_text(without), testing::Not(HasSubstr("ms/step")));
  EXPECT_EQ(to_csv(e), to_csv(without)) << "no time is among the values";
  write(scratch / "rows.timings.csv", "S,kernel,seed\n");
  EXPECT_THAT(error_of([&] {
                estimate_capacity(rows, {loss}, {std::nullopt, read_table(scratch / "rows.timings.csv")});
              }),
              HasSubstr("no column 'seconds'"));
}

TEST_F(CapacityOfRows, KnowsWhatIsBesideTheResults) {
  EXPECT_FALSE(read_beside(scratch / "rows.csv").search || read_beside(scratch / "rows.csv").timings);
  timings("4,elu,1,1\n");
  write(scratch / "rows.provenance.toml",
        to_toml(parse_specification("[search]\nfirst = 3\nlargest = 9\nbeyond = 2", "t")));
  const auto beside = read_beside(scratch / "rows.csv");
  EXPECT_EQ(beside.search.value(), (Search{3, 9, {loss}, 0.05, 1, 2}));
  EXPECT_EQ(beside.timings.value().rows.size(), 1u);
  write(scratch / "rows.provenance.toml", "[search]\nlast = 3");
  EXPECT_THAT(error_of([&] { read_beside(scratch / "rows.csv"); }),
              HasSubstr("rows.provenance.toml:2: unknown key 'last'"));
}

TEST_F(CapacityOfRows, AsMarkdownMemoriesAreNamedByWhatTellsThemApart) {
  write(scratch / "rows.csv",
        "S,L,memory,kernel,key_dim,feature_dim,redraw,rule,seed,status,final_loss,accuracy,learning_rate\n"
        "4,4,softmax,,8,,,,1,ok,0,1,0.01\n4,4,softmax,,8,,,,2,ok,0,1,0.01\n"
        "4,4,fast_weight,elu,8,8,,sum,1,ok,0,1,0.1\n8,8,fast_weight,elu,8,8,,sum,1,ok,0.25,1,0.1\n"
        "4,4,fast_weight,elu,8,8,,sum,2,ok,0,1,0.1\n6,6,fast_weight,elu,8,8,,sum,2,ok,0.25,1,0.1\n"
        "8,8,fast_weight,elu,8,8,,sum,2,ok,0.125,1,0.1\n"
        "4,4,fast_weight,favor:4,8,8,fixed,sum,1,ok,0,1,0.01\n4,4,fast_weight,favor:4,8,8,every_step,sum,1,ok,0,1,0."
        "01\n");
  const auto rows = read_table(scratch / "rows.csv");
  // Capacities 4 and 4, failing at 8 and 6: r = (4² + 2²)/24, t_1 = 12.7, so that the interval is all from 0 to the bound.
  EXPECT_EQ(
      to_markdown(estimate_capacity(rows, {loss})),
      "| memory | capacity at d = 8 | 95 % | bound | capacity per feature | pairs per float of state | loss at twice "
      "the capacity | ms per step |\n"
      "|---|---|---|---|---|---|---|---|\n"
      "| softmax | ≥ 4.0 | — | — | — | 0.0833 | — | — |\n"
      "| elu | 4.0 | 0.0–8.0 | 8 | 0.500 | 0.1000 | 0.1875 ± 0.0884 | — |\n"
      "| favor:4, redraw fixed | ≥ 4.0 | — | 8 | 0.500 | 0.1000 | — | — |\n"
      "| favor:4, redraw every_step | ≥ 4.0 | — | 8 | 0.500 | 0.1000 | — | — |\n");
  EXPECT_THAT(to_markdown(estimate_capacity(rows, {loss, half})), HasSubstr("| softmax | accuracy >= 0.5 | ≥ 4.0 |"));
}

TEST_F(CapacityOfRows, BadInputIsNamed) {
  EXPECT_THAT(error_of([&] { estimates(""); }), HasSubstr("no trained point"));
  EXPECT_THAT(error_of([&] { estimates("x" + elu(4, 1, 0)); }), HasSubstr("rows.csv:2: S 'x4'"));
  EXPECT_THAT(error_of([&] { estimates(elu(4, 1, 0) + elu(4, 1, 0.1)); }),
              HasSubstr("rows.csv:3: a second, different"));
  EXPECT_THAT(error_of([&] { estimates("1,2\n"); }), HasSubstr("rows.csv:2: 2 fields where the header has 13"));
  write(scratch / "other.csv", "S,L\n");
  EXPECT_THAT(error_of([&] { estimate_capacity(read_table(scratch / "other.csv"), {loss}); }),
              HasSubstr("no column 'seed'; it has: S, L"));
  EXPECT_THAT(error_of([&] { read_table(scratch / "none.csv"); }), HasSubstr("none.csv"));
}

TEST_F(CapacityOfRows, APointThatStoppedAtTheToleranceCountsInSpiteOfEvaluationNoise) {
  const auto rows = [&](std::string_view columns, std::string_view values) {
    write(scratch / "rows.csv",
          fmt::format("S,L,memory,kernel,key_dim,feature_dim,seed,status,final_loss,accuracy{}\n"
                      "4,4,fast_weight,elu,8,8,1,ok,0.0005,1{}\n8,8,fast_weight,elu,8,8,1,ok,0.0012,1{}\n",
                      columns, values, values));
    return estimate_capacity(read_table(scratch / "rows.csv"), {loss}).rows.at(0).capacity;
  };
  EXPECT_EQ(rows("", ""), 4) << "a file without these columns is judged as it is";
  EXPECT_EQ(rows(",best_loss,final_loss_error", ",0.001,0.0001"), 8);
  EXPECT_EQ(rows(",best_loss,final_loss_error", ",0.0011,0.0001"), 4);
}

TEST(StateFloats, CountsWhatIsKeptBetweenWritesAndQueries) {
  Configuration c;
  c.S = c.L = 10;
  c.key_dim = 3;
  EXPECT_EQ(state_floats(c), 10 * 3 + 3);
  c.kernel = "dpfp:2";
  EXPECT_EQ(state_floats(c), 10 * 12 + 12);
  c.normalization = "sum";
  EXPECT_EQ(state_floats(c), 10 * 12);
  c.rule = "rls";
  EXPECT_EQ(state_floats(c), 10 * 12 + 12 * 12);
  c.memory = "softmax";
  c.L = 7;
  EXPECT_EQ(state_floats(c), 7 * (3 + 10));
}

}  // namespace
}  // namespace palimpsest::sweep
