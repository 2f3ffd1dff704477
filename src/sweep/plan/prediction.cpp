#include "palimpsest/sweep/plan/prediction.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <optional>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "palimpsest/sweep/run/progress.hpp"
#include "palimpsest/train/operations.hpp"

namespace palimpsest::sweep {
namespace {

/// The key without these parameters, as text.
std::string without(Key key, std::initializer_list<std::string_view> names) {
  for (const auto name : names) key[position_of(name)].clear();
  return describe(key);
}

/// Points of a kind are measured whose operations are this many times apart, or more.
constexpr double kApart = 16;

std::string kind_of(const Key& key) {
  return without(key, {"S", "L", "pairs", "train_pairs", "test_pairs", "length", "test_length", "batch", "seed"});
}
std::string seedless(const Key& key) { return without(key, {"seed"}); }

/// `small` at the smaller and `large` at the larger number of operations, a power of it elsewhere.
double interpolated(double operations, double small_at, double small, double large_at, double large) {
  if (!(small_at < large_at) || small <= 0 || large <= 0) return large;
  const double share = std::log(operations / small_at) / std::log(large_at / small_at);
  return small * std::pow(large / small, share);
}

/// Mean steps of rows that differ in seed alone.
class KnownSteps {
 public:
  KnownSteps(const Schema& schema, const std::vector<RowFile::Row>& rows) {
    for (const auto& row : rows)
      if (const auto steps = schema.number(row.fields, "steps")) {
        auto& [sum, count] = steps_[seedless(schema.key(row.fields))];
        sum += *steps, ++count;
      }
  }

  std::optional<double> operator()(const Point& point) const {
    const auto found = steps_.find(seedless(point.key));
    if (found == steps_.end()) return std::nullopt;
    return found->second.first / found->second.second;
  }

 private:
  std::unordered_map<std::string, std::pair<double, double>> steps_;
};

/// The sets of sizes that a search may ask about, if every size below one that passes does: of capacities a tenth apart,
/// from none at all to the largest, each with what is run beyond it.
std::set<std::vector<Index>> possible_sizes(const Search& search) {
  std::set<std::vector<Index>> all;
  for (Index capacity = search.first - 1;; capacity += 1 + capacity / 10) {
    capacity = std::min(capacity, search.largest);
    auto course = follow(search, [&](Index S) { return S <= capacity; });
    auto& sizes = course.sizes;
    if (course.beyond && std::ranges::find(sizes, *course.beyond) == sizes.end()) sizes.push_back(*course.beyond);
    all.insert(std::move(sizes));
    if (capacity == search.largest) return all;
  }
}

class Predictor {
 public:
  Predictor(PointTimes times, const Schema& schema, const std::vector<RowFile::Row>& known)
      : times_(std::move(times)), known_(schema, known) {}

  Prediction prediction;

  void add(const Point& point) {
    add_most(point);
    if (const auto steps = known_(point)) {
      add_expected(point, *steps);
      ++prediction.known;
    }
  }

  /// All that a search may ask of a curve, of which there are as many as seeds; `known_sizes`: where rows are known.
  void add(const Curve& curve, const std::set<std::vector<Index>>& possible, const std::set<Index>& known_sizes,
           std::size_t seeds) {
    std::unordered_map<Index, double> seconds;
    const auto at_most = [&](Index S) {
      if (const auto found = seconds.find(S); found != seconds.end()) return found->second;
      return seconds[S] = most_seconds(curve.at(S));
    };
    double most = -1;
    const std::vector<Index>* dearest = nullptr;
    for (const auto& sizes : possible) {
      double sum = 0;
      for (const auto S : sizes) sum += at_most(S);
      if (sum > most) most = sum, dearest = &sizes;
    }
    for (const auto S : *dearest) add_most(curve.at(S), static_cast<double>(seeds));
    bool known = false;
    for (const auto S : known_sizes) {
      const auto point = curve.at(S);
      if (const auto steps = known_(point)) {
        add_expected(point, *steps, static_cast<double>(seeds));
        known = true;
      }
    }
    if (known) prediction.known += seeds;
  }

 private:
  double most_seconds(const Point& point) const {
    return times_.seconds(point, static_cast<double>(point.configuration.max_steps));
  }

  void add_most(const Point& point, double seeds = 1) {
    const double steps = static_cast<double>(point.configuration.max_steps), seconds = most_seconds(point);
    prediction.most_steps += seeds * steps;
    prediction.most_seconds += seeds * seconds;
    prediction.least_step = std::min(prediction.least_step, seconds / steps);
    prediction.dearest_step = std::max(prediction.dearest_step, seconds / steps);
  }

  void add_expected(const Point& point, double steps, double seeds = 1) {
    prediction.expected_steps += seeds * steps;
    prediction.expected_seconds += seeds * times_.seconds(point, steps);
  }

  PointTimes times_;
  KnownSteps known_;
};

}  // namespace

PointTimes::PointTimes(const std::vector<Point>& points, double seconds, const Measure& measure) {
  std::map<std::string, std::map<double, const Point*>> kinds;  // by operations
  for (const auto& point : points)
    if (!point.skip) kinds[kind_of(point.key)].emplace(count_operations(point.configuration).step, &point);
  std::size_t samples = 0;
  for (auto& [kind, sized] : kinds) {
    double last = 0;
    const double largest = sized.rbegin()->first;
    std::erase_if(sized, [&](const auto& entry) {
      if (entry.first < kApart * last && entry.first < largest) return true;
      last = entry.first;
      return false;
    });
    samples += sized.size();
  }
  for (const auto& [kind, sized] : kinds)
    for (const auto& [operations, point] : sized)
      kinds_[kind].push_back({operations, count_operations(point->configuration).evaluation,
                              measure(point->configuration, seconds / static_cast<double>(samples))});
}

PointTime PointTimes::of(const Point& point) const {
  const auto& samples = kinds_.at(kind_of(point.key));
  const auto counted = count_operations(point.configuration);
  auto above = std::ranges::lower_bound(samples, counted.step, {}, &Sample::step_operations);
  if (above == samples.end()) --above;
  const auto& large = *above;
  const auto& small = above == samples.begin() ? large : *std::prev(above);
  return {interpolated(counted.step, small.step_operations, small.time.step, large.step_operations, large.time.step),
          interpolated(counted.evaluation, small.evaluation_operations, small.time.evaluation,
                       large.evaluation_operations, large.time.evaluation)};
}

double PointTimes::seconds(const Point& point, double steps) const {
  const auto time = of(point);
  return steps * time.step + evaluations(point.configuration, steps) * time.evaluation;
}

Prediction predict(const Specification& specification, Shard shard, const std::vector<RowFile::Row>& there,
                   const std::vector<RowFile::Row>& known, const PointTimes::Measure& measure) {
  const auto& schema = values_schema(family_of(specification));
  if (!specification.search) {
    std::unordered_set<std::string> done;
    for (const auto& row : there) done.insert(describe(schema.key(row.fields)));
    const auto points = deal(plan(specification), shard);
    std::vector<Point> left;
    for (const auto& point : points)
      if (!point.skip && !done.contains(describe(point.key))) left.push_back(point);
    Predictor predictor(PointTimes(left, 1, measure), schema, known);
    for (const auto& point : left) predictor.add(point);
    predictor.prediction.points = points.size();
    for (const auto& point : points) predictor.prediction.there += done.contains(describe(point.key));
    return predictor.prediction;
  }
  const auto& search = *specification.search;
  const auto curves = searched_curves(specification, shard);
  std::vector<Point> measurable;
  for (const auto& curve : curves)
    for (Index S = search.first; !curve.skipped; S = std::min(2 * S, search.largest)) {
      measurable.push_back(curve.at(S));
      if (S < search.largest) continue;
      if (search.beyond > 0) measurable.push_back(curve.at(size_beyond(search, S)));
      break;
    }
  std::unordered_map<std::string, std::set<Index>> sizes_of;  // by kind
  for (const auto& row : known)
    sizes_of[kind_of(schema.key(row.fields))].insert(static_cast<Index>(*schema.number(row.fields, search.axis)));
  const auto possible = possible_sizes(search);
  Predictor predictor(PointTimes(measurable, 1, measure), schema, known);
  std::map<std::string, std::pair<const Curve*, std::size_t>> alike;  // but for the seed
  for (const auto& curve : curves) {
    if (curve.skipped) continue;
    auto& [first, seeds] = alike[seedless(curve.at(search.first).key)];
    if (!first) first = &curve;
    ++seeds;
  }
  for (const auto& [key, curves_alike] : alike) {
    const auto& [curve, seeds] = curves_alike;
    predictor.add(*curve, possible, sizes_of[kind_of(curve->at(search.first).key)], seeds);
  }
  predictor.prediction.points = curves.size();
  return predictor.prediction;
}

std::string describe(const Prediction& prediction, bool searches, int threads) {
  const auto noun = searches ? "searches" : "points";
  const auto left = prediction.points - prediction.there;
  std::string text = fmt::format("{} {}", prediction.points, noun);
  if (prediction.there > 0) text += fmt::format(", {} of them there", prediction.there);
  text += '\n';
  if (!(prediction.most_seconds > 0)) return text + "nothing to train\n";
  const auto times = [&](double seconds) {
    auto both = fmt::format("{} on one core", clock_text(seconds));
    if (threads > 1) both += fmt::format(", about {} on {}", clock_text(seconds / threads), threads);
    return both;
  };
  text += fmt::format("at most   {:.0f} steps, {} ({:.3g} to {:.3g} ms a step, measured now)\n", prediction.most_steps,
                      times(prediction.most_seconds), 1e3 * prediction.least_step, 1e3 * prediction.dearest_step);
  if (prediction.known > 0)
    text += fmt::format("expected  {:.0f} steps, {}{}\n", prediction.expected_steps, times(prediction.expected_seconds),
                        prediction.known < left
                            ? fmt::format(", for the {} {} that results are known of", prediction.known, noun)
                            : "");
  return text;
}

}  // namespace palimpsest::sweep
