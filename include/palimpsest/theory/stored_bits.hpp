// Bits that a memory holds, from below, by how often the answer (the value with the largest output) is right.
//   I(V; V̂) ≥ H(V) − Σ_i H(V_i | V̂_i) ,   H(V_i | V̂_i) ≤ H₂(e) + e log₂(S − 1)   (Fano 1961),   e = 1 − accuracy.
// The conditional entropy is concave in e, so that the mean accuracy over associations may stand for each. H(V) is the
// values' entropy given the keys: log₂ S!/(S − L)! if L values are drawn without replacement, which is less than
// L log₂ S; D log₂ S for the last values of D distinct keys if they are drawn with replacement.
// Derivation: README.md, "Stored bits".
#pragma once

#include <algorithm>
#include <cmath>
#include <numbers>

#include "palimpsest/theory/domain.hpp"

namespace palimpsest::theory {

/// H₂(e) + e log₂(S − 1) in bits, the most that is unknown of a value once the answer is. S ≥ 1 values, 0 ≤ error ≤ 1;
/// else ConfigurationError.
inline double fano_equivocation(Index S, double error) {
  require_range<Index>("Fano bound", "S", S, 1);
  require_range("Fano bound", "error", error, 0.0, 1.0);
  const auto term = [](double x) { return x > 0 ? -x * std::log2(x) : 0; };
  return term(error) + term(1 - error) + (S > 1 ? error * std::log2(static_cast<double>(S - 1)) : 0);
}

/// log₂ S!/(S − L)!: bits of L of S values in a random order. 0 ≤ L ≤ S, S ≥ 1; else ConfigurationError.
inline double permutation_entropy(Index S, Index L) {
  require_range<Index>("permutation entropy", "S", S, 1);
  require_range<Index>("permutation entropy", "L", L, 0, S);
  return (std::lgamma(static_cast<double>(S + 1)) - std::lgamma(static_cast<double>(S - L + 1))) / std::numbers::ln2;
}

/// Stored bits of `associations` values of joint entropy `entropy` (bits), at least; never below 0.
inline double stored_bits(Index S, double associations, double entropy, double accuracy) {
  return std::max(0.0, entropy - associations * fano_equivocation(S, 1 - accuracy));
}

}  // namespace palimpsest::theory
