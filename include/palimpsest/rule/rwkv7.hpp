// W ← W (Diag(α) − κ̂ (a ∘ κ̂)ᵀ) + v k̃ᵀ,  y = W q,   κ = ξ ∘ k,  κ̂ = κ/‖κ‖,  k̃ = k ∘ (1 + (a − 1) ∘ ζ):
// what is removed along a key of its own, of unit length, and what is written along another. ξ and ζ are learnt once for all
// writes, α and a per feature and write.
// Source: Peng et al. 2025, "RWKV-7 Goose" (arXiv 2503.14456), eqs. 3 to 17, without its token shift and low ranks.
#pragma once

#include "palimpsest/rule/factor_rule.hpp"

namespace palimpsest {

template <class T>
struct Rwkv7Rule : FactorRule<Rwkv7Rule<T>, T> {
  static constexpr std::string_view name = "rwkv7";
  static constexpr std::string_view summary = "removes along a unit key of its own, a decay per feature (RWKV-7)";
  static constexpr std::array gates{
      Gate{.name = "rate", .meaning = "in-context learning rate per feature", .stream = 2, .per_feature = true},
      kAlphaOfFeatures,
      Gate{.name = "xi", .meaning = "scale of the removal key", .start = 1, .per_feature = true, .constant = true},
      Gate{.name = "zeta",
           .meaning = "how far the rate scales the written key",
           .start = 1,
           .per_feature = true,
           .constant = true}};
  static constexpr Structure structure{Decay::diagonal, Erase::free};
  static constexpr RuleTraits traits{
      .refuses_divisor =
          "rule '{0}' removes along another key than it writes, which the accumulator of normalization '{1}' "
          "doesn't know"};

  static void factors(ConstMatrixView<T> K, const Writes<T>& writes, Factors<T>& factors) {
    const auto &a = writes.gates[0], &xi = writes.gates[2], &zeta = writes.gates[3];
    factors.resize(structure, K.rows(), K.cols());
    factors.log_decay = log_of(writes.gates[1]);
    factors.w.setOnes();
    for (Index t = 0; t < K.cols(); ++t) {
      factors.K.col(t).array() = K.col(t).array() * (1 + (a.col(t).array() - 1) * zeta.col(0).array());
      factors.A.col(t) = -xi.col(0).cwiseProduct(K.col(t));
      const T length = factors.A.col(t).norm();
      if (length > 0) factors.A.col(t) /= length;
      factors.B.col(t).array() = -a.col(t).array() * factors.A.col(t).array();
    }
  }

  // κ̂ = κ/‖κ‖: dκ = (dκ̂ − κ̂ (κ̂·dκ̂))/‖κ‖.
  static void factors_backward(ConstMatrixView<T> K, const Writes<T>& writes, const Factors<T>& d, MatrixView<T> dK,
                               Writes<T>& dwrites) {
    const auto &a = writes.gates[0], &xi = writes.gates[2], &zeta = writes.gates[3];
    Vector<T> unit, dunit;
    for (Index t = 0; t < K.cols(); ++t) {
      const auto rate = a.col(t).array(), dwritten = d.K.col(t).array();
      const auto k = K.col(t).array();
      dK.col(t).array() += dwritten * (1 + (rate - 1) * zeta.col(0).array());
      dwrites.gates[0].col(t).array() += dwritten * k * zeta.col(0).array();
      dwrites.gates[3].col(0).array() += dwritten * k * (rate - 1);
      unit = xi.col(0).cwiseProduct(K.col(t));
      const T length = unit.norm();
      if (!(length > 0)) continue;
      unit /= length;
      dwrites.gates[0].col(t) += d.B.col(t).cwiseProduct(unit);
      dunit = a.col(t).cwiseProduct(d.B.col(t)) - d.A.col(t);
      dunit = (dunit - unit.dot(dunit) * unit) / length;
      dK.col(t) += xi.col(0).cwiseProduct(dunit);
      dwrites.gates[2].col(0) += K.col(t).cwiseProduct(dunit);
    }
    log_of_backward(writes.gates[1], d.log_decay, dwrites.gates[1]);
  }
};

}  // namespace palimpsest
