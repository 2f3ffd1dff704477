// Overwriting with any linear rule beyond capacity: D distinct keys in a sequence, each queried once for its last
// value, p features,
//   loss ≥ ½(1 − 1/S) · E[(D − p)₊ / D] .
// Holds where φ(q) depends on the key alone and the last values are independent uniform one-hots, for any state: also
// for the sum rule, least squares or a state made with hindsight. It does not hold for the queries of training, where
// a key written often is asked for often: giving up the rare ones costs less.
// Derivation: README.md, "Overwriting, any linear rule".
#pragma once

#include <algorithm>

#include "palimpsest/theory/published_bound.hpp"

namespace palimpsest::theory {

/// The bound, a sequence of D distinct keys weighted by g(D): equal_sequences is the form above, equal_queries the mean over
/// one heap of all queries, E[(D − p)₊]/E[D] in place of E[(D − p)₊/D]. S, L ≥ 1, p ≥ 0, else ConfigurationError.
template <class Weight>
double delta_bound(Index S, Index L, Index p, Weight&& g) {
  require_range<Index>("delta bound", "p", p, 0);
  const auto lost = [p](Index D) { return static_cast<double>(std::max<Index>(0, D - p)) / static_cast<double>(D); };
  return 0.5 * (1 - 1 / static_cast<double>(S)) * mean_over_distinct(S, L, lost, g);
}

/// The bound as the 2021 evaluation measures it, which has L = S: chunks within a sequence as in published_bound.hpp, and
/// a sequence counts by its chunks. S, L ≥ 1, p ≥ 0, else ConfigurationError.
inline double published_delta_bound(Index S, Index L, Index p, Index chunk = published_chunk) {
  const auto bound = [=](Index D) { return weighted_rank_bound(published_query_weights(D, chunk), p); };
  const auto g = [=](Index D) { return static_cast<double>(published_chunks(D, chunk)); };
  return (1 - 1 / static_cast<double>(S)) * mean_over_distinct(S, L, bound, g);
}

}  // namespace palimpsest::theory
