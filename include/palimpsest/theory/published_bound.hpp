// The bounds as the evaluation published in 2021 measures: queries weighted by w,
//   Σ_i w_i ½‖v_i − ŷ_i‖² ≥ ½ · (sum of the n − p smallest w_i).
// That evaluation queries only the 200 lowest of the keys present, in the keys' order, and averages the losses of
// chunks of 32 queries (its training batch) with equal weight, the short last chunk too. A query of the last chunk so
// counts for more, and a memory that gives up others dips below the rank bound. Source: the synthetic experiment's
// published code, `get_all_queries` and the evaluation loop. Derivation: README.md, "Published evaluation".
#pragma once

#include <algorithm>
#include <vector>

#include "palimpsest/theory/distinct_keys.hpp"

namespace palimpsest::theory {

inline constexpr Index published_max_queries = 200;
inline constexpr Index published_chunk = 32;

/// Chunks of one sequence with `present` distinct keys: ⌈min(present, 200)/chunk⌉. Arguments ≥ 1, else
/// ConfigurationError.
inline Index published_chunks(Index present, Index chunk = published_chunk) {
  require_range<Index>("published evaluation", "keys present", present, 1);
  require_range<Index>("published evaluation", "chunk", chunk, 1);
  return (std::min(present, published_max_queries) + chunk - 1) / chunk;
}

/// The same as the weight g(D) of a sequence in a mean over many: its losses enter once a chunk.
inline double published_sequence_weight(Index present) { return static_cast<double>(published_chunks(present)); }

/// w of the n = min(present, 200) lowest keys, in order, sum 1: 1/(chunks · size of the query's chunk). The other keys
/// have weight 0 and are left out. Errors as published_chunks.
inline std::vector<double> published_query_weights(Index present, Index chunk = published_chunk) {
  const Index chunks = published_chunks(present, chunk);
  const Index n = std::min(present, published_max_queries);
  std::vector<double> w;
  for (Index i = 0; i < n; ++i) {
    const Index members = std::min(chunk, n - i / chunk * chunk);
    w.push_back(1 / static_cast<double>(chunks * members));
  }
  return w;
}

/// ½ · (sum of the n − p smallest weights), n = w.size(): least weighted loss of one-hot values. p ≥ 0, else
/// ConfigurationError.
inline double weighted_rank_bound(std::vector<double> w, Index p) {
  require_range<Index>("weighted rank bound", "p", p, 0);
  std::ranges::sort(w);
  double sum = 0;
  for (Index i = 0; i < static_cast<Index>(w.size()) - p; ++i) sum += w[static_cast<std::size_t>(i)];
  return 0.5 * sum;
}

/// The bound in setting 1: S distinct keys and values, every key present once. S ≥ 1, p ≥ 0, else ConfigurationError.
/// From S = 200 on it does not depend on S.
inline double published_rank_bound(Index S, Index p, Index chunk = published_chunk) {
  return weighted_rank_bound(published_query_weights(S, chunk), p);
}

}  // namespace palimpsest::theory
