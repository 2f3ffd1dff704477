#include "palimpsest/sweep/plan/planner.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <unordered_map>
#include <unordered_set>

namespace palimpsest::sweep {
namespace {

/// The fields of a point's row, by describe(key).
using Known = std::unordered_map<std::string, const std::vector<std::string>*>;

/// What a row says of its point; nothing unless it is `ok`.
Measured measured(const Schema& schema, const std::vector<std::string>& fields) {
  if (fields[schema.at("status")] != name(Status::ok)) return {};
  const auto number = [&](std::string_view column) { return schema.number(fields, column); };
  Measured measured{number("final_loss"), number("accuracy"), number("best_loss"), number("final_loss_error"),
                    static_cast<Index>(number("evaluation_sequences").value_or(0))};
  if (schema.has("accuracy_error")) {
    if (number("steps_to_target")) measured.reached_accuracy = number("target_accuracy");
    measured.accuracy_error = number("accuracy_error");
  }
  return measured;
}

class Searches {
 public:
  Searches(const Specification& specification, Shard shard)
      : schema_(values_schema(family_of(specification))),
        search_(*specification.search),
        curves_(searched_curves(specification, shard)) {}

  std::vector<Point> points(const std::vector<RowFile::Row>& rows) const {
    Known known;
    for (const auto& row : rows) known[describe(schema_.key(row.fields))] = &row.fields;
    std::vector<Point> all;
    std::unordered_set<std::string> seen;
    for (const auto& curve : curves_) {
      if (!search_.best_of.empty() && !is_searched(curve, known)) continue;
      for (const auto S : sizes(curve, known)) {
        auto point = curve.at(S);
        if (seen.insert(describe(point.key)).second) all.push_back(std::move(point));
      }
    }
    return all;
  }

 private:
  Course course(const Curve& curve, const Criterion& criterion, const Known& known) const {
    return follow(search_, [&](Index S) -> std::optional<bool> {
      const auto row = known.find(describe(curve.at(S).key));
      if (row == known.end()) return std::nullopt;
      return fulfils(measured(schema_, *row->second), criterion);
    });
  }

  std::set<Index> sizes(const Curve& curve, const Known& known) const {
    if (curve.skipped) return {search_.first};
    std::set<Index> sizes;
    for (const auto& criterion : search_.criteria) {
      const auto followed = course(curve, criterion, known);
      sizes.insert(followed.sizes.begin(), followed.sizes.end());
      if (followed.beyond) sizes.insert(*followed.beyond);
    }
    return sizes;
  }

  /// Whether it is of the first seed among its likes, or of the value that held most there by the first criterion, the first
  /// of equal ones, once that is known.
  bool is_searched(const Curve& curve, const Known& known) const {
    static const auto seed = position_of("seed");
    const auto value = position_of(search_.best_of);
    const auto alike = [&](const Curve& other) {
      for (std::size_t i = 0; i < curve.values.size(); ++i)
        if (i != seed && i != value && other.values[i] != curve.values[i]) return false;
      return true;
    };
    const auto first = std::ranges::find_if(curves_, alike);
    const auto& first_seed = first->values[seed];
    if (curve.values[seed] == first_seed) return true;
    const Curve* best = nullptr;
    Index most = -1;
    for (const auto& other : curves_) {
      if (other.values[seed] != first_seed || !alike(other)) continue;
      const auto capacity = other.skipped ? 0 : course(other, search_.criteria.front(), known).capacity;
      if (!capacity) return false;
      if (*capacity > most) most = *capacity, best = &other;
    }
    return best != nullptr && best->values[value] == curve.values[value];
  }

  const Schema& schema_;
  Search search_;
  std::vector<Curve> curves_;
};

}  // namespace

Point Curve::at(Index S) const {
  auto sized = values;
  sized[axis] = fmt::format("{}", S);
  return resolve(configure(sized));
}

namespace {

/// Throws ConfigurationError, if a size between may be one that the task can't have.
void require_steps(const Search& search, const Curve& curve) {
  try {
    curve.at(search.first + search.step);
  } catch (const ConfigurationError& error) {
    throw ConfigurationError(
        fmt::format("[search] with step = {}, {} from {} on: {}; give the step that sizes must be multiples of",
                    search.step, search.axis, search.first, error.what()));
  }
}

}  // namespace

std::vector<Curve> searched_curves(const Specification& specification, Shard shard) {
  const auto& search = *specification.search;
  if (!search.best_of.empty() && shard.count > 1)
    throw ConfigurationError(
        fmt::format("--shard: a search for the best {} needs all of its values and seeds: give none", search.best_of));
  const auto axis = position_of(search.axis);
  std::vector<Curve> all;
  std::vector<double> costs;
  std::unordered_set<std::string> seen;
  for (const auto& group : specification.groups)
    for (auto& values : combinations(group)) {
      Curve curve{std::move(values), axis, false};
      const auto first = curve.at(search.first), last = curve.at(search.largest);
      if (search.beyond > 0) curve.at(size_beyond(search, search.largest));  // that it can be run is known at once
      if (!seen.insert(describe(first.key) + '\n' + describe(last.key)).second) continue;
      if (search.largest > search.first) require_steps(search, curve);
      curve.skipped = first.skip.has_value();
      all.push_back(std::move(curve));
      costs.push_back(last.cost);
    }
  const auto ours = deal(costs, shard);
  std::vector<Curve> dealt;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (ours[i]) dealt.push_back(std::move(all[i]));
  return dealt;
}

Planner make_planner(const Specification& specification, Shard shard) {
  if (!specification.search)
    return [points = deal(plan(specification), shard)](const std::vector<RowFile::Row>&) { return points; };
  return [searches = Searches(specification, shard)](const std::vector<RowFile::Row>& rows) {
    return searches.points(rows);
  };
}

}  // namespace palimpsest::sweep
