// Rank bound: S one-hot values answered through a state of p columns,
//   mean loss ≥ ½ max(0, 1 − p/S),
// for any linear read-out, update rule, kernel and scaling per query: the S×S matrix of predictions has rank ≤ p and
// its target is the identity (Eckart and Young 1936). Losses are ½‖v − ŷ‖² averaged over all S queries, equal weights.
// Derivation: README.md, "Rank bound".
#pragma once

#include <algorithm>
#include <numeric>
#include <span>

#include "palimpsest/theory/domain.hpp"

namespace palimpsest::theory {

/// ½ max(0, 1 − p/S), the least mean loss. S ≥ 1 keys, p ≥ 0 features; else ConfigurationError.
inline double rank_bound(Index S, Index p) {
  require_range<Index>("rank bound", "S", S, 1);
  require_range<Index>("rank bound", "p", p, 0);
  return 0.5 * static_cast<double>(std::max<Index>(0, S - p)) / static_cast<double>(S);
}

/// Largest S with rank_bound(S, p) ≤ loss: p/(1 − 2·loss), rounded down. What no memory of p features exceeds.
/// p ≥ 0, 0 ≤ loss ≤ 0.499; else ConfigurationError (from ½ on, every S qualifies).
inline Index rank_bound_capacity(Index p, double loss) {
  require_range<Index>("rank bound capacity", "p", p, 0);
  require_range("rank bound capacity", "loss", loss, 0.0, 0.499);
  Index S = std::max<Index>(p, static_cast<Index>(static_cast<double>(p) / (1 - 2 * loss)) - 1);
  while (rank_bound(S + 1, p) <= loss) ++S;
  return S;
}

/// N_eff = S(1 − 2·loss) ≤ p: how many perfectly stored keys, the others answered by 0, give the same mean loss.
/// Negative where the memory does worse than answering 0. S ≥ 1; else ConfigurationError.
inline double effective_number(Index S, double loss) {
  require_range<Index>("effective number", "S", S, 1);
  return static_cast<double>(S) * (1 - 2 * loss);
}

/// ½(1 − r/S), rung r of the ladder near capacity: r keys (or clusters) resolved. 0 ≤ r ≤ S; else ConfigurationError.
inline double ladder_loss(Index S, Index r) {
  require_range<Index>("ladder", "r", r, 0, S);
  return rank_bound(S, r);
}

/// ½(1 − 1/g), the loss of a query whose key shares one feature with g − 1 others: it is answered by the mean of g
/// values. g ≥ 1; else ConfigurationError.
inline double cluster_query_loss(Index g) {
  require_range<Index>("cluster", "g", g, 1);
  return 0.5 * (1 - 1 / static_cast<double>(g));
}

/// Mean loss of keys partitioned into clusters of these sizes, one feature a cluster: Σ g·½(1 − 1/g) / Σ g, which is
/// rank_bound(Σ g, number of clusters) whatever the sizes. So non-negative features lose nothing. At least one
/// cluster, sizes ≥ 1; else ConfigurationError.
inline double partition_loss(std::span<const Index> sizes) {
  const Index S = std::accumulate(sizes.begin(), sizes.end(), Index{0});
  require_range<Index>("partition", "the number of keys", S, 1);
  double sum = 0;
  for (const Index g : sizes) sum += static_cast<double>(g) * cluster_query_loss(g);
  return sum / static_cast<double>(S);
}

}  // namespace palimpsest::theory
