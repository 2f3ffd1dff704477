// Which points a sweep consists of, given the rows that are there: of an ordinary one always the same, of a search those
// that its rows lead to.
#pragma once

#include <functional>
#include <vector>

#include "palimpsest/sweep/plan/plan.hpp"
#include "palimpsest/sweep/plan/shard.hpp"
#include "palimpsest/sweep/rows/row_file.hpp"

namespace palimpsest::sweep {

/// From rows of values_schema() to points. With more rows it asks for the same points or more.
using Planner = std::function<std::vector<Point>(const std::vector<RowFile::Row>&)>;

/// The planner of a shard. A search keeps its curves whole, each S upwards, in the order of combinations(). Throws as
/// plan() does, before any row is seen.
Planner make_planner(const Specification& specification, Shard shard = {});

/// A curve with one seed, whose largest S a search looks for.
struct Curve {
  std::vector<std::string> values;  ///< a value of every parameter, that of the searched one without meaning
  std::size_t axis;                 ///< which is searched, in parameters()
  bool skipped;                     ///< it has no meaning at any S

  /// Throws as resolve() does.
  Point at(Index S) const;
};

/// The curves that a shard of a search looks at, in the order of combinations(). Throws as resolve() does.
std::vector<Curve> searched_curves(const Specification& specification, Shard shard = {});

}  // namespace palimpsest::sweep
