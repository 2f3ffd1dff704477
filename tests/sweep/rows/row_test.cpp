#include "palimpsest/sweep/rows/row.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <limits>
#include <sstream>

#include "palimpsest/sweep/rows/csv.hpp"

namespace palimpsest::sweep {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

using Fields = std::vector<std::string>;

TEST(Csv, QuotesOnlyWhatNeedsIt) {
  EXPECT_EQ(csv_line({"a", "", "b c", "1,5", "say \"no\""}), R"(a,,b c,"1,5","say ""no""")");
}

TEST(Csv, ReadsBackWhatItWrites) {
  for (const auto& fields : {Fields{""}, Fields{"", ""}, Fields{"a,b", "\"", "\"\"", ",", "x\"y,z"}, Fields{"½", " "}})
    EXPECT_EQ(csv_fields(csv_line(fields)), fields);
}

TEST(Csv, ARecordIsOneLine) { EXPECT_EQ(csv_line({"a\nb\r\nc"}), "\"a b  c\""); }

TEST(Csv, RefusesQuotesThatDoNotMatch) {
  for (const auto* line : {"\"", "\"a", "a\"", "a\"b\"", "\"a\"b", "x,\"y", "\"\"\""})
    EXPECT_FALSE(csv_fields(line)) << line;
}

TEST(Row, ColumnsComeInTheDocumentedOrder) {
  EXPECT_THAT(values_schema().header(),
              StartsWith("task,S,L,replacement,memory,kernel,key_dim,feature_dim,redraw,scale,rule,normalization,model,"
                         "evaluation,seed,status,reason,steps,best_step,train_loss,best_loss,final_loss,accuracy,bound,"
                         "excess"));
}

TEST(Row, EveryParameterIsAColumnOfValuesAndTimings) {
  for (const auto& family : kFamilies)
    for (const auto& schema : {values_schema(family.family), timings_schema(family.family)})
      for (const auto& parameter : parameters())
        EXPECT_EQ(std::count_if(schema.columns().begin(), schema.columns().end(),
                                [&](const auto& column) { return column.name == parameter.name; }),
                  belongs(parameter.name, family.family) ? 1 : 0)
            << parameter.name;
}

Point point_of(std::string_view toml) { return plan(parse_specification(toml, "test")).at(0); }

Fields row_of(const Point& point, const Outcome& outcome) { return *csv_fields(values_schema().row(point, outcome)); }

std::string value(const Fields& row, std::string_view name) {
  const auto& columns = values_schema().columns();
  const auto at = std::find_if(columns.begin(), columns.end(), [&](const auto& c) { return c.name == name; });
  return row.at(static_cast<std::size_t>(at - columns.begin()));
}

TEST(Row, ShowsResolvedChoicesAndNothingThatDoesNotApply) {
  const auto row = row_of(point_of("[baseline]\nmemory = 'softmax'\nS = 30\nL = '2S'\nreplacement = true"), {});
  EXPECT_EQ(value(row, "L"), "60");
  EXPECT_EQ(value(row, "replacement"), "true");
  for (const auto* name : {"kernel", "redraw", "scale", "rule", "normalization", "feature_dim"})
    EXPECT_EQ(value(row, name), "") << name;
}

TEST(Row, NumbersReadBackExactly) {
  Outcome outcome;
  outcome.final_loss = 0.1 + 0.2;
  outcome.bound = 0.1;
  outcome.best_loss = 1.0 / 3.0;
  const auto row = row_of(point_of(""), outcome);
  EXPECT_EQ(std::stod(value(row, "final_loss")), 0.1 + 0.2);
  EXPECT_EQ(std::stod(value(row, "best_loss")), 1.0 / 3.0);
  EXPECT_EQ(std::stod(value(row, "excess")), (0.1 + 0.2) - 0.1);
}

TEST(Row, NewColumnsStandBehindTheOldOnes) {
  Outcome outcome;
  outcome.final_loss_error = 1.0 / 3.0;
  const auto row = row_of(point_of(""), outcome);
  const std::vector<std::string> last(row.end() - 8, row.end());
  EXPECT_THAT(last, testing::ElementsAre("0.3333333333333333", "cooldown", "300", "0.005", "0.5", "", "", ""));
  const auto constant = row_of(point_of("[baseline]\nschedule = \"constant\""), outcome);
  EXPECT_EQ(value(constant, "cooldown"), "") << "without a cooldown it has no length";
  outcome.mean_gates = "c=0.9";
  const auto comba = row_of(point_of("[baseline]\nrule = \"delta\"\nlargest_beta = 2"), outcome);
  EXPECT_EQ(value(comba, "largest_beta"), "2");
  EXPECT_EQ(value(comba, "mean_gates"), "c=0.9");
}

TEST(Row, NotANumberAndInfinityAreWritten) {
  Outcome outcome;
  outcome.train_loss = -std::numeric_limits<double>::quiet_NaN();
  outcome.last_loss = std::numeric_limits<double>::infinity();
  const auto row = row_of(point_of(""), outcome);
  EXPECT_EQ(value(row, "train_loss"), "nan");
  EXPECT_EQ(value(row, "last_loss"), "inf");
  EXPECT_EQ(values_schema().problem(row), "");
}

TEST(Row, ASkippedPointHasAReasonAndNoMeasurement) {
  Outcome outcome;
  outcome.status = Status::skipped;
  outcome.reason = "identity, \"signed\"";
  const auto row = row_of(point_of(""), outcome);
  EXPECT_EQ(value(row, "status"), "skipped");
  EXPECT_EQ(value(row, "reason"), outcome.reason);
  for (const auto* name : {"steps", "best_step", "train_loss", "final_loss", "accuracy", "excess"})
    EXPECT_EQ(value(row, name), "") << name;
}

TEST(Row, TellsItsPointsKey) {
  const auto point = point_of("[baseline]\nkernel = 'favor:16'\nS = 33");
  EXPECT_EQ(values_schema().key(row_of(point, {})), point.key);
  EXPECT_EQ(timings_schema().key(*csv_fields(timings_schema().row(point, {}))), point.key);
}

TEST(Row, AMalformedFieldIsNamed) {
  auto row = row_of(point_of(""), {});
  EXPECT_EQ(values_schema().problem(row), "");
  row[1] = "2x";
  EXPECT_THAT(values_schema().problem(row), HasSubstr("S '2x' is not of type integer"));
  row[1] = "20";
  row[15] = "fine";
  EXPECT_THAT(values_schema().problem(row), HasSubstr("status 'fine'"));
  row.pop_back();
  EXPECT_THAT(values_schema().problem(row), HasSubstr("fields where the header has"));
}

TEST(Schema, IsTheTableInTheResultsReadme) {
  std::ifstream file(PALIMPSEST_SOURCE_DIR "/results/README.md");
  std::stringstream readme;
  readme << file.rdbuf();
  EXPECT_THAT(readme.str(), HasSubstr(schemas_markdown())) << "put in the output of `sweep --schema`";
}

}  // namespace
}  // namespace palimpsest::sweep
