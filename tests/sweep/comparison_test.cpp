#include "palimpsest/sweep/comparison.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

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

TEST_F(Compare, DiffersBeyondPooledStandardErrors) {
  // s² = 0.02 on both sides, standard error √0.02 = 0.1414: a difference of 0.3 is 2.12 of them.
  const auto a = elu(8, 1, 0.1) + elu(8, 2, 0.3), b = elu(8, 1, 0.4) + elu(8, 2, 0.6);
  EXPECT_FALSE(of(a, b).pairs[0].differs);
  EXPECT_FALSE(of(a, b, {.errors = 2.2}).pairs[0].differs);
  EXPECT_TRUE(of(a, b, {.errors = 2.1}).pairs[0].differs);
}

TEST_F(Compare, ASingleSeedIsHeldAgainstTheSpreadOfTheOtherSide) {
  // s = 0.1, standard error 0.1·√(1/3 + 1) = 0.1155.
  const auto three = elu(8, 1, 0.1) + elu(8, 2, 0.2) + elu(8, 3, 0.3);
  EXPECT_FALSE(of(three, elu(8, 1, 0.5)).pairs[0].differs);
  EXPECT_TRUE(of(three, elu(8, 1, 0.56)).pairs[0].differs);
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
}

}  // namespace
}  // namespace palimpsest::sweep
