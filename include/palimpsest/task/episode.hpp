// One sequence of a task: L writes of (key, value), then queries. Keys and values are indices in {0, …, S − 1}.
#pragma once

#include <vector>

namespace palimpsest {

struct Query {
  int key;
  int target;  ///< the value that the memory should answer with
};

struct Episode {
  std::vector<int> keys;    ///< L, in the order written
  std::vector<int> values;  ///< L
  std::vector<Query> queries;
};

}  // namespace palimpsest
