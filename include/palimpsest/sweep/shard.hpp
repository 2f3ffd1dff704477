// The i-th of n parts of a sweep, parts of about equal cost, so that n machines finish together.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "palimpsest/sweep/plan.hpp"

namespace palimpsest::sweep {

struct Shard {
  std::size_t index = 1;  ///< from 1
  std::size_t count = 1;
  bool operator==(const Shard&) const = default;
};

/// From `i/n`. Throws ConfigurationError unless 1 <= i <= n.
Shard parse_shard(std::string_view text);

/// Deals the points, dearest first, each to the shard that has least so far; those of one shard, in the plan's order.
std::vector<Point> deal(std::vector<Point> points, Shard shard);

/// Positions of the points, dearest first; equal ones in order.
std::vector<std::size_t> dearest_first(const std::vector<Point>& points);

}  // namespace palimpsest::sweep
