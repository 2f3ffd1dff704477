// W ← W Diag(α) + v kᵀ,  y = W q: a decay per feature and write.
// Source: Yang et al. 2023, "Gated linear attention" (arXiv 2312.06635), eq. 3.
#pragma once

#include "palimpsest/rule/factor_rule.hpp"

namespace palimpsest {

template <class T>
struct GlaRule : FactorRule<GlaRule<T>, T> {
  static constexpr std::string_view name = "gla";
  static constexpr std::string_view summary = "W = W Diag(alpha) + v k', a decay per feature (GLA)";
  static constexpr std::array gates{kAlphaOfFeatures};
  static constexpr Structure structure{Decay::diagonal, Erase::none};
  static constexpr RuleTraits traits{};

  static void factors(ConstMatrixView<T> K, const Writes<T>& writes, Factors<T>& factors) {
    factors.resize(structure, K.rows(), K.cols());
    factors.K = K;
    factors.w.setOnes();
    factors.log_decay = log_of(writes.gates[0]);
  }
  static void factors_backward(ConstMatrixView<T>, const Writes<T>& writes, const Factors<T>& d, MatrixView<T> dK,
                               Writes<T>& dwrites) {
    dK += d.K;
    log_of_backward(writes.gates[0], d.log_decay, dwrites.gates[0]);
  }
};

}  // namespace palimpsest
