#include "palimpsest/sweep/plan/prediction.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "palimpsest/sweep/rows/csv.hpp"
#include "palimpsest/train/operations.hpp"

namespace palimpsest::sweep {
namespace {

using testing::HasSubstr;

constexpr std::string_view grid = R"(
[baseline]
L = "S"
max_steps = 1000
evaluation_every = 300
[axes]
S = [20, 40, 100]
seed = [1, 2]
kernel = ["elu", "dpfp:1"]
)";

/// A machine of 1e9 operations a second in steps and half of it in evaluations.
PointTime even(const Configuration& configuration, double) {
  const auto operations = count_operations(configuration);
  return {1e-9 * operations.step, 2e-9 * operations.evaluation};
}

double seconds_of(const Point& point, double steps, double evaluations) {
  const auto operations = count_operations(point.configuration);
  return 1e-9 * (steps * operations.step + 2 * evaluations * operations.evaluation);
}

RowFile::Row row_of(const Point& point, Index steps) {
  Outcome outcome;
  outcome.steps = steps;
  return {2, *csv_fields(values_schema().row(point, outcome)), ""};
}

TEST(Prediction, IsExactOnAMachineAsFastAtEverySize) {
  const auto specification = parse_specification(grid, "test");
  const auto points = plan(specification);
  ASSERT_EQ(points.size(), 12u);
  double most = 0, expected = 0;
  for (const auto& point : points) most += seconds_of(point, 1000, 5);  // after 300, 600, 900, 1000, and the final one
  const std::vector<RowFile::Row> known{row_of(points[0], 150), row_of(points[1], 250)};  // two seeds
  expected = seconds_of(points[0], 200, 2) + seconds_of(points[1], 200, 2);
  const auto prediction = predict(specification, {}, {}, known, even);
  EXPECT_EQ(prediction.points, 12u);
  EXPECT_EQ(prediction.there, 0u);
  EXPECT_EQ(prediction.most_steps, 12000);
  EXPECT_NEAR(prediction.most_seconds, most, 1e-9 * most);
  EXPECT_EQ(prediction.known, 2u);
  EXPECT_EQ(prediction.expected_steps, 400);
  EXPECT_NEAR(prediction.expected_seconds, expected, 1e-9 * expected);
}

TEST(Prediction, LeavesOutWhatIsThere) {
  const auto specification = parse_specification(grid, "test");
  const auto points = plan(specification);
  const std::vector<RowFile::Row> there{row_of(points[3], 100), row_of(points[7], 100)};
  const auto prediction = predict(specification, {}, there, there, even);
  EXPECT_EQ(prediction.there, 2u);
  EXPECT_EQ(prediction.most_steps, 10000);
  EXPECT_EQ(prediction.known, 2u) << "the other seeds of the two";
  EXPECT_THAT(describe(prediction, false, 2), HasSubstr("12 points, 2 of them there\nat most   10000 steps"));
  std::vector<RowFile::Row> all;
  for (const auto& point : points) all.push_back(row_of(point, 1));
  EXPECT_EQ(describe(predict(specification, {}, all, {}, even), false, 2),
            "12 points, 12 of them there\nnothing to train\n");
}

TEST(Prediction, MeasuresTheEndsOfEachKind) {
  std::vector<std::string> measured;
  const PointTimes times(plan(parse_specification(grid, "test")), 1, [&](const Configuration& c, double seconds) {
    measured.push_back(fmt::format("{} {}", c.kernel, c.S));
    EXPECT_EQ(seconds, 0.25);
    return even(c, seconds);
  });
  EXPECT_THAT(measured, testing::UnorderedElementsAre("elu 20", "elu 100", "dpfp:1 20", "dpfp:1 100"));
}

TEST(Prediction, ASearchIsAsDearAsItsDearestCourse) {
  // At capacities 1, 2 and 3 it asks for {4, 2, 1 or 3}, at 4 and more for {4, 8, …}: the dearest holds the most in all.
  // From 10 on capacities a tenth apart are looked at, not 11, 13 and 15.
  const auto specification = parse_specification(R"(
[baseline]
L = "S"
max_steps = 100
[search]
first = 4
largest = 16
beyond = 2
)",
                                                 "test");
  double dearest = 0;
  for (Index capacity = 3; capacity <= 16; capacity += capacity < 10 ? 1 : 2) {
    double sum = 0;
    auto sizes = follow(*specification.search, [&](Index size) { return size <= capacity; }).sizes;
    if (capacity != 4 && capacity != 8) sizes.push_back(2 * capacity);  // twice 4 and twice 8 are there
    for (const auto S : sizes) sum += seconds_of(searched_curves(specification)[0].at(S), 100, 2);
    dearest = std::max(dearest, sum);
  }
  const auto curve = searched_curves(specification)[0];
  const auto prediction = predict(specification, {}, {}, {row_of(curve.at(4), 50), row_of(curve.at(8), 70)}, even);
  EXPECT_EQ(prediction.points, 1u);
  EXPECT_NEAR(prediction.most_seconds, dearest, 1e-9 * dearest);
  EXPECT_EQ(prediction.known, 1u);
  EXPECT_EQ(prediction.expected_steps, 120);
}

TEST(Prediction, MeasuresRealPoints) {
  Configuration configuration;
  configuration.key_dim = 4;
  const auto time = measure_time(configuration, 0);
  EXPECT_GT(time.step, 0);
  EXPECT_GT(time.evaluation, 0);
}

}  // namespace
}  // namespace palimpsest::sweep
