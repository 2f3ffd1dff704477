// D, the number of distinct keys among L draws of S with replacement, exactly:
//   P_{l+1}(m) = P_l(m) · m/S + P_l(m−1) · (S−m+1)/S ,   P_0(0) = 1 .
// And what a mean over queries of many sequences means: every choice is a weight g(D) given to a sequence as a whole,
//   ⟨f⟩_g = E[g(D) f] / E[g(D)] ,   f = mean of the sequence's own queries.
#pragma once

#include <utility>
#include <vector>

#include "palimpsest/theory/domain.hpp"

namespace palimpsest::theory {

/// One more draw: from P_l(m) to P_{l+1}(m), in place; P has S + 1 entries, S ≥ 1.
inline void draw_one_key(std::vector<double>& P) {
  const std::size_t S = P.size() - 1;
  for (std::size_t m = S; m > 0; --m)
    P[m] = (P[m] * static_cast<double>(m) + P[m - 1] * static_cast<double>(S - m + 1)) / static_cast<double>(S);
  P[0] = 0;
}

/// P(D = m) for m = 0..S. Cost S·L. S ≥ 1, L ≥ 0; else ConfigurationError.
inline std::vector<double> distinct_keys(Index S, Index L) {
  require_range<Index>("distinct keys", "S", S, 1);
  require_range<Index>("distinct keys", "L", L, 0);
  std::vector<double> P(static_cast<std::size_t>(S) + 1, 0.0);
  P[0] = 1;
  for (Index l = 0; l < L; ++l) draw_one_key(P);
  return P;
}

/// g(D) = D: the queries of all sequences in one heap, each counts the same.
inline double equal_queries(Index D) { return static_cast<double>(D); }

/// g(D) = 1: each sequence counts the same.
inline double equal_sequences(Index) { return 1; }

/// E[g(D) f(D)] / E[g(D)], D distinct keys among L draws of S. S, L ≥ 1; else ConfigurationError.
template <class F, class Weight>
double mean_over_distinct(Index S, Index L, F&& f, Weight&& g) {
  require_range<Index>("mean over distinct keys", "L", L, 1);
  const std::vector<double> P = distinct_keys(S, L);
  double sum = 0, weights = 0;
  for (Index m = 1; m <= S; ++m) {
    const double weight = P[static_cast<std::size_t>(m)] * g(m);
    sum += weight * f(m);
    weights += weight;
  }
  return sum / weights;
}

}  // namespace palimpsest::theory
