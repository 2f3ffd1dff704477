// W ← W Diag(α) (I − β k kᵀ) + β v kᵀ,  y = W q: the delta rule on a state of which each feature decays by itself.
// Source: Kimi Team 2025, "Kimi Linear" (arXiv 2510.26692), eq. 1: Kimi delta attention.
#pragma once

#include "palimpsest/rule/factor_rule.hpp"

namespace palimpsest {

template <class T>
struct KdaRule : FactorRule<KdaRule<T>, T> {
  static constexpr std::string_view name = "kda";
  static constexpr std::string_view summary = "delta on a state with a decay per feature (Kimi delta attention)";
  static constexpr std::array gates{kBeta, kAlphaOfFeatures};
  static constexpr RuleTraits traits{.retrieves = true, .may_reflect = true};
  static constexpr Structure structure{Decay::diagonal, Erase::along};

  static void factors(ConstMatrixView<T> K, const Writes<T>& writes, Factors<T>& factors) {
    factors.resize(structure, K.rows(), K.cols());
    factors.K = K;
    factors.w = writes.gate(0);
    factors.erase = writes.gate(0).cwiseProduct(writes.retrieval);
    factors.log_decay = log_of(writes.gates[1]);
  }
  static void factors_backward(ConstMatrixView<T>, const Writes<T>& writes, const Factors<T>& d, MatrixView<T> dK,
                               Writes<T>& dwrites) {
    dK += d.K;
    dwrites.gate(0) += d.w + writes.retrieval.cwiseProduct(d.erase);
    dwrites.retrieval += writes.gate(0).cwiseProduct(d.erase);
    log_of_backward(writes.gates[1], d.log_decay, dwrites.gates[1]);
  }
};

}  // namespace palimpsest
