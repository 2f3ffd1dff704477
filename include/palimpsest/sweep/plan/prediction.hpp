// What a sweep will cost, told before it runs. The time of a step is measured, on this machine and now: a few steps and an
// evaluation of the smallest and the largest point of each kind (points that differ in S, L and seed alone), and of some
// between. From one to the next, time is taken to be a power of the operations (train/operations.hpp).
#pragma once

#include <functional>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "palimpsest/sweep/plan/planner.hpp"
#include "palimpsest/train/point.hpp"

namespace palimpsest::sweep {

class PointTimes {
 public:
  using Measure = std::function<PointTime(const Configuration&, double seconds)>;

  /// Measures what these points need, within about `seconds` and never less than two steps and an evaluation each.
  explicit PointTimes(const std::vector<Point>& points, double seconds = 1, const Measure& measure = measure_time);

  /// Of a point between the measured ones of its kind.
  PointTime of(const Point& point) const;
  /// Processor time of a point that trains for so many steps.
  double seconds(const Point& point, double steps) const;

 private:
  struct Sample {
    double step_operations, evaluation_operations;
    PointTime time;
  };
  std::map<std::string, std::vector<Sample>> kinds_;  // the smallest first
};

/// Processor times are in seconds, steps are training steps.
struct Prediction {
  std::size_t points = 0;  ///< of a search, its curves
  std::size_t there = 0;   ///< points that have a row and need no run
  double most_steps = 0;   ///< of those that have none
  double most_seconds = 0;
  double least_step = std::numeric_limits<double>::infinity(), dearest_step = 0;  ///< seconds, evaluations included
  std::size_t known = 0;  ///< points without a row of which other results say how many steps they take
  double expected_steps = 0, expected_seconds = 0;  ///< of the known ones
};

/// `there`: the rows of the results file that the sweep continues. `known`: rows of any results; a point takes as many
/// steps as equal ones did on average, whatever their seed was. Of a search at most is what it asks for if a size passes
/// wherever a larger one does, and `there` doesn't count. Throws as plan() does.
Prediction predict(const Specification& specification, Shard shard, const std::vector<RowFile::Row>& there,
                   const std::vector<RowFile::Row>& known, const PointTimes::Measure& measure = measure_time);

/// For people: points, steps, times on one core and on so many threads.
std::string describe(const Prediction& prediction, bool searches, int threads);

}  // namespace palimpsest::sweep
