#include "palimpsest/sweep/capacity_estimate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

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
  CapacityEstimates estimates(std::string_view rows, const std::vector<Criterion>& criteria = {loss}) const {
    return estimate_capacity(table(rows), criteria);
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

  static std::string elu(int S, int seed, double loss, double accuracy = 1, std::string_view status = "ok") {
    return fmt::format("{0},{0},false,fast_weight,elu,8,8,sum,attention,{1},{2},{3},{4}\n", S, seed, status, loss, accuracy);
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
  EXPECT_EQ(e.low, 7.0);
  EXPECT_EQ(e.high, 8.0);
  EXPECT_EQ(e.per_feature, 7.5 / 8);
  EXPECT_EQ(e.limit, 8);
  EXPECT_EQ(e.state_floats, (8 * 8 + 8 + 7 * 8 + 8) / 2.0);
  EXPECT_DOUBLE_EQ(e.associations_per_float, (8 / 72. + 7 / 64.) / 2);
  EXPECT_NEAR(e.bits, (std::log2(40320) + std::log2(5040)) / 2, 1e-10);
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
  const auto all = estimates(elu(4, 1, 0) + elu(8, 1, 0.2, 0.6) + "4,8,true,fast_weight,elu,8,8,sum,sum,1,ok,0.1,0.4\n" +
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
  EXPECT_NEAR(e.bits, 4 * (1 - std::pow(0.75, 8)) * 2, 1e-12) << "E[D] values of 2 bits";
}

TEST_F(CapacityOfRows, EqualInputGivesEqualBytes) {
  const auto rows = elu(4, 1, 0) + elu(8, 1, 0.1) + elu(6, 2, 0) + elu(4, 3, 0);
  EXPECT_EQ(to_csv(estimates(rows)), to_csv(estimates(rows)));
  EXPECT_THAT(to_csv(estimates(rows)), HasSubstr("L,replacement,memory,kernel,key_dim,feature_dim,rule,normalization,"
                                                 "criterion,seeds,capacity,"));
}

TEST_F(CapacityOfRows, BadInputIsNamed) {
  EXPECT_THAT(error_of([&] { estimates(""); }), HasSubstr("no trained point"));
  EXPECT_THAT(error_of([&] { estimates("x" + elu(4, 1, 0)); }), HasSubstr("rows.csv:2: S 'x4'"));
  EXPECT_THAT(error_of([&] { estimates(elu(4, 1, 0) + elu(4, 1, 0.1)); }), HasSubstr("rows.csv:3: a second, different"));
  EXPECT_THAT(error_of([&] { estimates("1,2\n"); }), HasSubstr("rows.csv:2: 2 fields where the header has 13"));
  write(scratch / "other.csv", "S,L\n");
  EXPECT_THAT(error_of([&] { estimate_capacity(read_table(scratch / "other.csv"), {loss}); }),
              HasSubstr("no column 'seed'; it has: S, L"));
  EXPECT_THAT(error_of([&] { read_table(scratch / "none.csv"); }), HasSubstr("none.csv"));
}

TEST(Bootstrap, IsTheExactIntervalOfTwoValues) {
  // Means of resamples of {0, 1} are 0, ½, 1 with probabilities ¼, ½, ¼: both ends are beyond 2.5 %.
  EXPECT_EQ(bootstrap_interval({0, 1}), std::pair(0.0, 1.0));
  EXPECT_EQ(bootstrap_interval({3, 3, 3}), std::pair(3.0, 3.0));
}

TEST(Bootstrap, ApproachesTheNormalIntervalForManyValues) {
  std::vector<double> values;
  for (int i = 0; i < 400; ++i) values.push_back(i % 20);
  const auto [low, high] = bootstrap_interval(values);
  const double deviation = std::sqrt((20. * 20 - 1) / 12 / 400);
  // The quantiles of 10 000 resamples have a standard error near 0.03 deviations; 0.15 is five of them.
  EXPECT_NEAR(low, 9.5 - 1.96 * deviation, 0.15 * deviation);
  EXPECT_NEAR(high, 9.5 + 1.96 * deviation, 0.15 * deviation);
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
