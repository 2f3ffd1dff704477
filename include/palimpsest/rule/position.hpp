// Queries that have positions: query n is asked after the first seen[n] writes and knows nothing of later ones.
#pragma once

#include <map>
#include <span>
#include <vector>

#include "palimpsest/core/types.hpp"

namespace palimpsest {

/// How many of L writes query n sees: all where `seen` is empty.
inline Index writes_seen(std::span<const Index> seen, Index n, Index L) {
  return seen.empty() ? L : seen[static_cast<std::size_t>(n)];
}

/// Calls f(r, queries) for each position r of N queries after L writes, fewest writes first.
template <class F>
void for_each_position(std::span<const Index> seen, Index N, Index L, F&& f) {
  std::map<Index, std::vector<Index>> positions;
  for (Index n = 0; n < N; ++n) positions[writes_seen(seen, n, L)].push_back(n);
  for (const auto& [r, queries] : positions) f(r, queries);
}

}  // namespace palimpsest
