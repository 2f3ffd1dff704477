#include "palimpsest/sweep/judge/comparison.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "palimpsest/core/random.hpp"
#include "sweep/error_of.hpp"
#include "sweep/scratch.hpp"

namespace palimpsest::sweep {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

class Compare : public testing::Test {
 protected:
  static constexpr auto header = "S,memory,kernel,rule,model,seed,status,final_loss\n";

  Table table(const std::string& name, std::string_view rows, std::string_view head = header) const {
    write(scratch / name, std::string(head) + std::string(rows));
    return read_table(scratch / name);
  }

  static std::string elu(int S, int seed, double loss) {
    return fmt::format("{},fast_weight,elu,sum,table,{},ok,{}\n", S, seed, loss);
  }

  Comparison of(std::string_view a, std::string_view b, const ComparisonRequest& request = {}) const {
    return compare(table("a.csv", a), table("b.csv", b), request);
  }

  Scratch scratch;
};

TEST_F(Compare, MatchesPointsWithoutTheSeedAndAveragesOverIt) {
  const auto c = of(elu(8, 1, 0.1) + elu(8, 2, 0.3) + elu(9, 1, 0.4), elu(7, 1, 1) + elu(8, 5, 0.2) + elu(8, 6, 0.4));
  EXPECT_THAT(c.key_columns, ElementsAre("S", "memory", "kernel", "rule", "model"));
  ASSERT_EQ(c.pairs.size(), 1u);
  EXPECT_EQ(c.only_a, 1u);
  EXPECT_EQ(c.only_b, 1u);
  EXPECT_DOUBLE_EQ(c.pairs[0].a.mean(), 0.2);
  EXPECT_DOUBLE_EQ(c.pairs[0].b.mean(), 0.3);
  EXPECT_DOUBLE_EQ(c.pairs[0].a.deviation(), std::sqrt(0.02));
}

TEST_F(Compare, DiffersBeyondStudentsTOfThePooledSpread) {
  // s² = 0.02 on both sides, standard error √0.02; a difference of 0.3 is t = 2.1213 with 2 degrees of freedom, where
  // P(|t| ≥ x) = 1 − x/√(2 + x²) = 0.16795.
  const auto a = elu(8, 1, 0.1) + elu(8, 2, 0.3), b = elu(8, 1, 0.4) + elu(8, 2, 0.6);
  EXPECT_NEAR(of(a, b).pairs[0].p.value(), 0.1679497056621563, 1e-12);
  EXPECT_FALSE(of(a, b).pairs[0].differs);
  EXPECT_FALSE(of(a, b, {.level = 0.167}).pairs[0].differs);
  EXPECT_TRUE(of(a, b, {.level = 0.169}).pairs[0].differs);
}

TEST_F(Compare, TheThresholdFollowsFromTheNumberOfPoints) {
  // p = 0.168 of the first; the others are equal in mean, p = 1, and take their share of the level.
  auto a = elu(8, 1, 0.1) + elu(8, 2, 0.3), b = elu(8, 1, 0.4) + elu(8, 2, 0.6);
  for (const int S : {9, 10, 11}) {
    a += elu(S, 1, 0.1) + elu(S, 2, 0.3);
    b += elu(S, 1, 0.1) + elu(S, 2, 0.3);
  }
  EXPECT_FALSE(of(a, b, {.level = 0.169}).pairs[0].differs);
  EXPECT_FALSE(of(a, b, {.level = 4 * 0.167}).pairs[0].differs);
  EXPECT_TRUE(of(a, b, {.level = 4 * 0.169}).pairs[0].differs);
}

TEST_F(Compare, ASingleSeedIsHeldAgainstTheSpreadOfTheOtherSide) {
  // s = 0.1, standard error 0.1·√(1/3 + 1) = 0.1155; t_2(0.975) = 4.3027: differences beyond 0.4968.
  const auto three = elu(8, 1, 0.1) + elu(8, 2, 0.2) + elu(8, 3, 0.3);
  EXPECT_FALSE(of(three, elu(8, 1, 0.696)).pairs[0].differs);
  EXPECT_TRUE(of(three, elu(8, 1, 0.698)).pairs[0].differs);
}

TEST_F(Compare, EqualSeedsWithoutASpreadAreEqualAndOthersDiffer) {
  const auto three = elu(8, 1, 0.1) + elu(8, 2, 0.1) + elu(8, 3, 0.1);
  EXPECT_FALSE(of(three, three + elu(8, 4, 0.1) + elu(8, 5, 0.1)).pairs[0].differs) << "whatever their means round to";
  EXPECT_TRUE(of(three, elu(8, 1, 0.11) + elu(8, 2, 0.11)).pairs[0].differs);
}

TEST_F(Compare, OfOneSeedEachAnyDifferenceCounts) {
  EXPECT_TRUE(of(elu(8, 1, 0.1), elu(8, 1, 0.1000001)).pairs[0].differs);
  EXPECT_FALSE(of(elu(8, 1, 0.1), elu(8, 1, 0.1)).pairs[0].differs);
}

TEST_F(Compare, NegligibleLossesAreEqual) {
  EXPECT_FALSE(of(elu(8, 1, 0.0002), elu(8, 1, 0.0009)).pairs[0].differs);
  EXPECT_TRUE(of(elu(8, 1, 0.0002), elu(8, 1, 0.0011)).pairs[0].differs);
  EXPECT_TRUE(of(elu(8, 1, 0.0002), elu(8, 1, 0.0009), {.negligible = 0}).pairs[0].differs);
}

TEST_F(Compare, ASideThatOnlyDivergedDiffers) {
  const auto diverged = "8,fast_weight,elu,sum,table,1,diverged,\n";
  const auto c = of(elu(8, 1, 0.1), diverged);
  EXPECT_TRUE(c.pairs[0].differs);
  EXPECT_THAT(to_text(c), HasSubstr("diverged"));
  EXPECT_FALSE(of(diverged, diverged).pairs[0].differs);
}

TEST_F(Compare, MissingPointsAndSeedsAreSaid) {
  const auto whole = elu(8, 1, 0.1) + elu(8, 2, 0.3) + elu(9, 1, 0.4) + elu(9, 2, 0.4);
  EXPECT_EQ(missing(of(whole, whole)), "");
  EXPECT_EQ(missing(of(whole, elu(8, 1, 0.1) + elu(8, 2, 0.3))), "b lacks 1 points of a");
  EXPECT_EQ(missing(of(elu(8, 1, 0.1), whole)),
            "a lacks 1 points of b, a has fewer usable seeds at 1 points (all: 1 in a, 2 in b)");
  const auto diverged = "9,fast_weight,elu,sum,table,2,diverged,0.4\n",
             infinite = "9,fast_weight,elu,sum,table,2,ok,inf\n";
  for (const auto* unusable : {diverged, infinite})
    EXPECT_EQ(missing(of(whole, elu(8, 1, 0.1) + elu(8, 2, 0.3) + elu(9, 1, 0.4) + unusable)),
              "b has fewer usable seeds at 1 points (S=9: 2 in a, 1 in b)");
}

TEST_F(Compare, ASeedTwiceIsAnError) {
  EXPECT_THAT(error_of([&] { of(elu(8, 1, 0.1) + elu(8, 1, 0.1), elu(8, 1, 0.1)); }),
              HasSubstr("a.csv:3: seed 1 of this point is already in line 2"));
}

TEST_F(Compare, OursWithPublished) {
  const auto ours = table("a.csv", elu(20, 1, 0.2) + "20,softmax,,,table,1,ok,0.3\n");
  const auto theirs = table("b.csv", "1,elu,sum,20,0.2\n1,softmax,softmax,20,0.3\n2,elu,sum,20,0.9\n",
                            "setting,kernel,rule,S,last_loss\n");
  const auto c = compare(ours, theirs, {.metric_b = "last_loss", .where = {{"setting", "1"}}});
  EXPECT_EQ(c.pairs.size(), 2u);
  EXPECT_THAT(to_text(c), HasSubstr("2 points in both, 0 differ (*); 0 only in a, 0 only in b"));
}

TEST_F(Compare, RowsThatDifferInAParameterOfOneFileOnlyMustBeChosenFrom) {
  const auto ours = table("a.csv", elu(20, 1, 0.2) + "20,fast_weight,elu,sum,published,1,ok,0.3\n");
  const auto theirs = table("b.csv", "elu,sum,20,0.2\n", "kernel,rule,S,final_loss\n");
  EXPECT_THAT(error_of([&] { compare(ours, theirs, {}); }),
              AllOf(HasSubstr("a.csv:3: matches line 2 but for 'model'"), HasSubstr("--where model=VALUE")));
  EXPECT_EQ(compare(ours, theirs, {.where = {{"model", "table"}}}).pairs.at(0).a.values.size(), 1u);
}

TEST_F(Compare, BadInputIsNamed) {
  EXPECT_THAT(error_of([&] { of(elu(8, 1, 0), elu(9, 1, 0)); }), HasSubstr("no point of"));
  EXPECT_THAT(error_of([&] { of(elu(8, 1, 0), elu(8, 1, 0), {.metric_a = "loss"}); }), HasSubstr("no column 'loss'"));
  EXPECT_THAT(error_of([&] { of(elu(8, 1, 0), elu(8, 1, 0), {.where = {{"settin", "1"}}}); }), HasSubstr("settin=1"));
  const double nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
  for (const double level : {nan, inf, 0., 1., -0.1})
    EXPECT_THAT(error_of([&] { of(elu(8, 1, 0), elu(8, 1, 0), {.level = level}); }), HasSubstr("between 0 and 1"));
  for (const double loss : {nan, inf, -0.1})
    EXPECT_THAT(error_of([&] { of(elu(8, 1, 0), elu(8, 1, 0), {.negligible = loss}); }),
                HasSubstr("finite number from 0"));
}

/// Two programs at 240 points, eight curves of 30 sizes. Losses are normal about 1; the first `moved` points are five
/// of their own standard deviations higher in b.
struct Programs {
  int seeds_a, seeds_b, moved;
  bool same_spread;  ///< or from 0.001 to 1, log-uniform
};

struct Marks {
  int comparisons = 0, marked = 0, found = 0;
};

Marks simulate(const Programs& programs, int comparisons, std::uint64_t number) {
  Stream stream(1, Purpose::test, number);
  const auto normal = [&] {
    return std::sqrt(-2 * std::log(stream.uniform<double>())) *
           std::cos(2 * std::numbers::pi * stream.uniform<double>());
  };
  Marks marks;
  for (int i = 0; i < comparisons; ++i) {
    std::vector<Comparison::Pair> pairs(240);
    for (int point = 0; point < 240; ++point) {
      const double spread = programs.same_spread ? 0.01 : 0.01 * std::pow(10, -3 * stream.uniform<double>());
      for (int seed = 0; seed < programs.seeds_a; ++seed) pairs[point].a.values.push_back(1 + spread * normal());
      for (int seed = 0; seed < programs.seeds_b; ++seed)
        pairs[point].b.values.push_back(1 + spread * (normal() + (point < programs.moved ? 5 : 0)));
    }
    mark(pairs, {});
    ++marks.comparisons;
    const auto differs = [](const auto& pair) { return pair.differs; };
    marks.marked += std::any_of(pairs.begin(), pairs.end(), differs);
    marks.found += static_cast<int>(std::count_if(pairs.begin(), pairs.begin() + programs.moved, differs));
  }
  return marks;
}

class SimulatedComparison : public testing::TestWithParam<std::tuple<int, int, bool>> {};

TEST_P(SimulatedComparison, OfEqualProgramsHasAMarkInOneOfTwenty) {
  const auto [a, b, same] = GetParam();
  const auto marks = simulate({a, b, 0, same}, 200, 1);
  // 5 % of 200 are 10, give or take √(200·0.05·0.95) = 3.1; three of those are 19. The stream is fixed.
  EXPECT_LE(marks.marked, 19);
  EXPECT_GE(marks.marked, 1) << "the level isn't spent";
}

TEST_P(SimulatedComparison, FindsThirtyPointsThatMoveByFiveDeviations) {
  const auto [a, b, same] = GetParam();
  const auto marks = simulate({a, b, 30, same}, 40, 2);
  EXPECT_GE(marks.marked, 38) << "of 40: 95 %";
  // 18 to 19 of the 30 are found with 3 + 3 seeds, 29 with 3 + 5, 30 with 5 + 5.
  EXPECT_GE(marks.found, marks.comparisons * (a + b > 6 ? 28 : 16));
}

INSTANTIATE_TEST_SUITE_P(Compare, SimulatedComparison,
                         testing::Values(std::tuple(3, 3, true), std::tuple(3, 3, false), std::tuple(5, 5, false),
                                         std::tuple(3, 5, false)));

}  // namespace
}  // namespace palimpsest::sweep
