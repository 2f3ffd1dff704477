#include "palimpsest/sweep/plan/planner.hpp"

#include <fmt/format.h>

#include <set>
#include <unordered_map>
#include <unordered_set>

namespace palimpsest::sweep {
namespace {

/// The fields of a point's row, by describe(key).
using Known = std::unordered_map<std::string, const std::vector<std::string>*>;

/// What a row says of its point; nothing unless it is `ok`.
Measured measured(const std::vector<std::string>& fields) {
  const auto& schema = values_schema();
  if (fields[schema.at("status")] != name(Status::ok)) return {};
  const auto number = [&](std::string_view column) { return schema.number(fields, column); };
  return {number("final_loss"), number("accuracy"), number("best_loss"), number("final_loss_error"),
          static_cast<Index>(number("evaluation_sequences").value_or(0))};
}

class Searches {
 public:
  Searches(const Specification& specification, Shard shard)
      : search_(*specification.search), curves_(searched_curves(specification, shard)) {}

  std::vector<Point> points(const std::vector<RowFile::Row>& rows) const {
    Known known;
    for (const auto& row : rows) known[describe(values_schema().key(row.fields))] = &row.fields;
    std::vector<Point> all;
    std::unordered_set<std::string> seen;
    for (const auto& curve : curves_)
      for (const auto S : sizes(curve, known)) {
        auto point = curve.at(S);
        if (seen.insert(describe(point.key)).second) all.push_back(std::move(point));
      }
    return all;
  }

 private:
  std::set<Index> sizes(const Curve& curve, const Known& known) const {
    if (curve.skipped) return {search_.first};
    std::set<Index> sizes;
    for (const auto& criterion : search_.criteria) {
      const auto asked = search_sizes(search_, [&](Index S) -> std::optional<bool> {
        const auto row = known.find(describe(curve.at(S).key));
        if (row == known.end()) return std::nullopt;
        return fulfils(measured(*row->second), criterion);
      });
      sizes.insert(asked.begin(), asked.end());
    }
    return sizes;
  }

  Search search_;
  std::vector<Curve> curves_;
};

}  // namespace

Point Curve::at(Index S) const {
  static const auto index = static_cast<std::size_t>(&find_parameter("S") - parameters().data());
  auto sized = values;
  sized[index] = fmt::format("{}", S);
  return resolve(configure(sized));
}

std::vector<Curve> searched_curves(const Specification& specification, Shard shard) {
  const auto& search = *specification.search;
  std::vector<Curve> all;
  std::vector<double> costs;
  std::unordered_set<std::string> seen;
  for (const auto& group : specification.groups)
    for (auto& values : combinations(group)) {
      Curve curve{std::move(values), false};
      const auto first = curve.at(search.first), last = curve.at(search.largest);
      if (!seen.insert(describe(first.key) + '\n' + describe(last.key)).second) continue;
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
