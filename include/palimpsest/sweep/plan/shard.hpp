// The i-th of n parts of a sweep, parts of about equal cost, so that n machines finish together.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "palimpsest/sweep/plan/plan.hpp"

namespace palimpsest::sweep {

struct Shard {
  std::size_t index = 1;  ///< from 1
  std::size_t count = 1;
  bool operator==(const Shard&) const = default;
};

/// From `i/n`. Throws ConfigurationError unless 1 <= i <= n.
Shard parse_shard(std::string_view text);

/// Deals things of these costs, dearest first, each to the shard that has least so far: whether each is this shard's.
std::vector<bool> deal(const std::vector<double>& costs, Shard shard);

/// The points that are dealt to this shard, in their order.
std::vector<Point> deal(std::vector<Point> points, Shard shard);

/// Positions, dearest first; equal ones in order.
std::vector<std::size_t> dearest_first(const std::vector<double>& costs);

std::vector<double> costs(const std::vector<Point>& points);

}  // namespace palimpsest::sweep
