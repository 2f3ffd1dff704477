// Overwriting with the sum rule: the state does not know the order of the writes, so the latest value of a key
// written n times is any of its n with probability 1/n each, and the best answer is their mean:
//   loss = ½(1 − 1/n)(1 − 1/S),
// attained by the normalised sum with orthogonal keys. L draws of S keys and S one-hot values, both with replacement
// and independent; what is left is the mean of 1/n over the queries asked.
// Derivation: README.md, "Overwriting, sum rule".
#pragma once

#include <cmath>
#include <vector>

#include "palimpsest/theory/distinct_keys.hpp"

namespace palimpsest::theory {

/// ½(1 − 1/n)(1 − 1/S), with 1/n or its mean. S ≥ 1, 0 ≤ 1/n ≤ 1; else ConfigurationError.
inline double overwriting_loss(double reciprocal_n, Index S) {
  require_range<Index>("overwriting", "S", S, 1);
  require_range("overwriting", "1/n", reciprocal_n, 0.0, 1.0);
  return 0.5 * (1 - reciprocal_n) * (1 - 1 / static_cast<double>(S));
}

/// log P(n = j), n ~ Bin(L, 1/S): how often one key is written. S ≥ 2, 0 ≤ j ≤ L.
inline double log_binomial(Index j, Index L, Index S) {
  const auto x = [](Index i) { return static_cast<double>(i); };
  return std::lgamma(x(L + 1)) - std::lgamma(x(j + 1)) - std::lgamma(x(L - j + 1)) - x(j) * std::log(x(S)) +
         x(L - j) * std::log1p(-1 / x(S));
}

/// Training: a position is drawn and its key queried, so n − 1 ~ Bin(L − 1, 1/S) and
/// E[1/n] = (S/L)(1 − (1 − 1/S)^L). For L = 2S: ¼(1 + (1 − 1/S)^{2S})(1 − 1/S) → 0.2838. S, L ≥ 1, else
/// ConfigurationError.
inline double overwriting_training_loss(Index S, Index L) {
  require_range<Index>("overwriting", "S", S, 1);
  require_range<Index>("overwriting", "L", L, 1);
  const double s = static_cast<double>(S), l = static_cast<double>(L);
  return overwriting_loss(s / l * -std::expm1(l * std::log1p(-1 / s)), S);
}

/// Evaluation: every distinct key queried once, all queries of all sequences with equal weight:
/// E[1/n | n ≥ 1], n ~ Bin(L, 1/S). → 0.1165 for L = S, 0.2117 for L = 2S. S, L ≥ 1, else ConfigurationError.
inline double overwriting_evaluation_loss(Index S, Index L) {
  require_range<Index>("overwriting", "S", S, 1);
  require_range<Index>("overwriting", "L", L, 1);
  if (S == 1) return 0;
  double sum = 0, present = 0;
  for (Index j = 1; j <= L; ++j) {
    const double P = std::exp(log_binomial(j, L, S));
    sum += P / static_cast<double>(j);
    present += P;
  }
  return overwriting_loss(sum / present, S);
}

/// As above, with a sequence of D distinct keys weighted as a whole by g(D): equal_queries gives
/// overwriting_evaluation_loss, equal_sequences the mean of the sequences' means, published_sequence_weight what the
/// 2021 evaluation computes. E[1/n] = Σ_j S·P(n=j)/j · E[g(D)/D | n=j] / E[g(D)], where D − 1 is the number of distinct
/// keys among L − j draws of S − 1. Cost S·L. S, L ≥ 1, else ConfigurationError.
template <class Weight>
double overwriting_evaluation_loss(Index S, Index L, Weight&& g) {
  require_range<Index>("overwriting", "S", S, 1);
  require_range<Index>("overwriting", "L", L, 1);
  if (S == 1) return 0;
  const double total = mean_over_distinct(S, L, g, equal_sequences);
  std::vector<double> P = distinct_keys(S - 1, 0);
  double sum = 0;
  for (Index j = L; j >= 1; --j, draw_one_key(P)) {  // P: distinct keys among L − j draws of S − 1
    double mean = 0;
    for (Index m = 0; m < S; ++m) mean += P[static_cast<std::size_t>(m)] * g(m + 1) / static_cast<double>(m + 1);
    sum += static_cast<double>(S) * std::exp(log_binomial(j, L, S)) / static_cast<double>(j) * mean;
  }
  return overwriting_loss(sum / total, S);
}

}  // namespace palimpsest::theory
