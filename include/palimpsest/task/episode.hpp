// One sequence of a task: L writes of (key, value), then queries. Keys and values are indices in {0, …, S − 1}.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <vector>

namespace palimpsest {

struct Query {
  int key;
  int target;                                                         ///< the value that the memory should answer with
  std::ptrdiff_t after = std::numeric_limits<std::ptrdiff_t>::max();  ///< it sees the first so many writes, or all

  /// Of L writes.
  std::ptrdiff_t seen(std::ptrdiff_t L) const { return std::min(after, L); }
};

struct Episode {
  std::vector<int> keys;    ///< L, in the order written
  std::vector<int> values;  ///< L
  std::vector<Query> queries;
};

}  // namespace palimpsest
