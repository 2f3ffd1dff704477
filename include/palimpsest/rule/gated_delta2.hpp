// W ← W Diag(α),  W ← W + (w v − W (b ∘ k)) kᵀ,  y = W q: what is erased and what is written have gates of their own, b per
// feature, w one number (values here are one-hot, so that a gate per value would be one too).
// Source: "Gated DeltaNet-2", 2026, which has a gate w per value.
#pragma once

#include "palimpsest/rule/factor_rule.hpp"

namespace palimpsest {

template <class T>
struct GatedDelta2Rule : FactorRule<GatedDelta2Rule<T>, T> {
  static constexpr std::string_view name = "gated_delta2";
  static constexpr std::string_view summary = "delta with a decay and an erasure per feature and a write of its own";
  static constexpr std::array gates{
      Gate{.name = "erase", .meaning = "erasure per feature", .stream = 2, .per_feature = true}, kAlphaOfFeatures,
      Gate{.name = "write", .meaning = "share of the value that is written", .stream = 3}};
  static constexpr RuleTraits traits{.retrieves = true};
  static constexpr Structure structure{Decay::diagonal, Erase::free};

  // a = −ρ α ∘ b ∘ k, and b of the structure is k.
  static void factors(ConstMatrixView<T> K, const Writes<T>& writes, Factors<T>& factors) {
    const auto &erase = writes.gates[0], &alpha = writes.gates[1];
    factors.resize(structure, K.rows(), K.cols());
    factors.K = factors.B = K;
    factors.w = writes.gate(2);
    factors.A = -(alpha.array() * erase.array() * K.array()).matrix() * writes.retrieval.asDiagonal();
    factors.log_decay = log_of(alpha);
  }
  static void factors_backward(ConstMatrixView<T> K, const Writes<T>& writes, const Factors<T>& d, MatrixView<T> dK,
                               Writes<T>& dwrites) {
    const auto &erase = writes.gates[0], &alpha = writes.gates[1];
    const Matrix<T> dA = -d.A * writes.retrieval.asDiagonal();
    dK += d.K + d.B;
    dK.array() += dA.array() * alpha.array() * erase.array();
    dwrites.gates[0].array() += dA.array() * alpha.array() * K.array();
    dwrites.gates[1].array() += dA.array() * erase.array() * K.array();
    log_of_backward(alpha, d.log_decay, dwrites.gates[1]);
    dwrites.gate(2) += d.w;
    dwrites.retrieval -= (d.A.array() * alpha.array() * erase.array() * K.array()).colwise().sum().matrix().transpose();
  }
};

}  // namespace palimpsest
