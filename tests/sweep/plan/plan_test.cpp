// Names of what a sweep saves of its points.
#include "palimpsest/sweep/plan/plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "palimpsest/core/text.hpp"
#include "palimpsest/sweep/run/saved.hpp"
#include "sweep/error_of.hpp"
#include "sweep/scratch.hpp"

namespace palimpsest::sweep {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::vector<Point> points(std::string_view toml) { return plan(parse_specification(toml, "test")); }

constexpr auto everything = R"(
[baseline]
S = 100000000
L = 300000000
replacement = true
kernel = "favor_onesided:1000000"
key_dim = 100000
redraw = "every:100000"
scale = "d^-1/4"
rule = "gated_delta"
beta = 0.123456789012345
alpha = 0.987654321098765
normalization = "sum+attention"
model = "table_shared"
evaluation = "published_2021"
seed = 123456789
batch = 999999
learning_rate = 0.00123456789012345
max_steps = 99999999
evaluation_every = 9999999
evaluation_sequences = 999999
tolerance = 0.00123456789012345
[axes]
patience = [1111111, 1111112]
)";

TEST(FileName, HasNothingThatAFileSystemOrStoreRefuses) {
  const auto point =
      points("[baseline]\nkernel = 'favor:16'\nscale = 'd^-1/4'\nredraw = 'every:10'\nrule = 'delta_product:2'").at(0);
  EXPECT_EQ(file_name(point.key),
            "S=20,L=20,memory=fast_weight,kernel=favor_16,redraw=every_10,scale=d^-1_4,rule=delta_product_2,seed=1");
  EXPECT_THAT(short_name(point.key), HasSubstr("kernel=favor:16")) << "people read the value itself";
  Key odd(parameters().size());
  odd[0] = "a\\b:c*d?e\"f<g>h|i\nj.";
  EXPECT_EQ(file_name(odd), "task=a_b_c_d_e_f_g_h_i_j_");
}

TEST(FileName, OfManyParametersEndsWithTheirHash) {
  std::set<std::string> names;
  for (const auto& point : points(everything)) {
    ASSERT_GT(short_name(point.key).size(), 255u);
    const auto name = file_name(point.key);
    EXPECT_LE(name.size(), 200u);
    EXPECT_THAT(
        name, StartsWith("S=100000000,L=300000000,replacement=true,memory=fast_weight,kernel=favor_onesided_1000000,"));
    EXPECT_THAT(name, testing::ContainsRegex(",hash=[0-9a-f]{16}$"));
    names.insert(name);
  }
  EXPECT_EQ(names.size(), 2u) << "patience is not to be seen in either";
  EXPECT_EQ(fnv1a("S=20,kernel=dpfp:1,seed=1"), 0xdcea2c69e052eae7u) << "as plots/results.py has it";
}

TEST(FileName, IsOneOfAPointAlone) {
  const auto two = points("[axes]\nS = [20, 40]");
  check_file_names(two);
  EXPECT_THAT(error_of([&] {
                check_file_names({two[0], two[1], two[0]});
              }),
              HasSubstr("two points would be saved as 'S=20,"));
}

TEST(SavedPoint, ReadsBack) {
  Scratch scratch;
  for (const auto& point : points(everything)) {
    save_point(scratch / "", point);
    const auto read_back = saved_point(scratch / "");
    ASSERT_TRUE(read_back.has_value());
    EXPECT_EQ(read_back->key, point.key);
  }
  EXPECT_FALSE(saved_point(scratch / "no/such").has_value());
  write(scratch / "point.toml", "[axes]\nS = [20, 40]");
  EXPECT_THAT(error_of([&] { saved_point(scratch / ""); }), HasSubstr("holds 2 points"));
}

TEST(Saves, AreRefusedBeforeTheyAreNeeded) {
  Scratch scratch;
  write(scratch / "file", "");
  EXPECT_THAT(error_of<OutputError>([&] { prepare_saves({"", scratch / "file/models"}); }), HasSubstr("file/models"));
  prepare_saves({scratch / "models/deep"});
  EXPECT_TRUE(std::filesystem::is_directory(scratch / "models/deep"));
}

}  // namespace
}  // namespace palimpsest::sweep
