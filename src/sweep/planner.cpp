#include "palimpsest/sweep/planner.hpp"

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
  Searches(const Specification& specification, Shard shard) : search_(*specification.search) {
    std::vector<Track> all;
    std::vector<double> costs;
    std::unordered_set<std::string> seen;
    for (const auto& group : specification.groups)
      for (auto& values : combinations(group)) {
        const auto first = at(values, search_.first), last = at(values, search_.largest);
        if (!seen.insert(describe(first.key) + '\n' + describe(last.key)).second) continue;
        all.push_back({std::move(values), first.skip.has_value()});
        costs.push_back(last.cost);
      }
    const auto ours = deal(costs, shard);
    for (std::size_t i = 0; i < all.size(); ++i)
      if (ours[i]) tracks_.push_back(std::move(all[i]));
  }

  std::vector<Point> points(const std::vector<RowFile::Row>& rows) const {
    Known known;
    for (const auto& row : rows) known[describe(values_schema().key(row.fields))] = &row.fields;
    std::vector<Point> all;
    std::unordered_set<std::string> seen;
    for (const auto& track : tracks_)
      for (const auto S : sizes(track, known)) {
        auto point = at(track.values, S);
        if (seen.insert(describe(point.key)).second) all.push_back(std::move(point));
      }
    return all;
  }

 private:
  /// One curve with one seed: a value of every parameter, that of S without meaning.
  struct Track {
    std::vector<std::string> values;
    bool skipped;
  };

  static Point at(std::vector<std::string> values, Index S) {
    static const auto index = static_cast<std::size_t>(&find_parameter("S") - parameters().data());
    values[index] = fmt::format("{}", S);
    return resolve(configure(values));
  }

  std::set<Index> sizes(const Track& track, const Known& known) const {
    if (track.skipped) return {search_.first};
    std::set<Index> sizes;
    for (const auto& criterion : search_.criteria) {
      const auto asked = search_sizes(search_, [&](Index S) -> std::optional<bool> {
        const auto row = known.find(describe(at(track.values, S).key));
        if (row == known.end()) return std::nullopt;
        return fulfils(measured(*row->second), criterion);
      });
      sizes.insert(asked.begin(), asked.end());
    }
    return sizes;
  }

  Search search_;
  std::vector<Track> tracks_;
};

}  // namespace

Planner make_planner(const Specification& specification, Shard shard) {
  if (!specification.search)
    return [points = deal(plan(specification), shard)](const std::vector<RowFile::Row>&) { return points; };
  return [searches = Searches(specification, shard)](const std::vector<RowFile::Row>& rows) {
    return searches.points(rows);
  };
}

}  // namespace palimpsest::sweep
