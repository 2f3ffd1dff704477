// All S^L sequences of keys, for exhaustive checks.
#pragma once

#include <vector>

#include "palimpsest/core/types.hpp"

namespace palimpsest::theory {

/// Calls f(keys) for each of the S^L sequences of L symbols 0..S−1.
template <class F>
void for_every_sequence(Index S, Index L, F&& f) {
  std::vector<Index> keys(static_cast<std::size_t>(L), 0);
  while (true) {
    f(keys);
    std::size_t i = 0;
    while (i < keys.size() && ++keys[i] == S) keys[i++] = 0;
    if (i == keys.size()) return;
  }
}

/// The distinct keys of a sequence, lowest first.
inline std::vector<Index> present(Index S, const std::vector<Index>& keys) {
  std::vector<Index> all;
  for (Index key = 0; key < S; ++key)
    for (const Index k : keys)
      if (k == key) {
        all.push_back(key);
        break;
      }
  return all;
}

}  // namespace palimpsest::theory
