// W ← W + v kᵀ,  y = W q:   C = KᵀQ. The Hebbian outer-product rule of linear attention.
// Source: Katharopoulos et al. 2020, "Transformers are RNNs", eqs. 18–20.
#pragma once

#include "palimpsest/rule/recurrence.hpp"

namespace palimpsest {

template <class T>
struct SumRule {
  static constexpr std::string_view name = "sum";
  static constexpr std::string_view summary = "W += v k' (linear attention)";
  static constexpr std::array<Gate, 0> gates{};
  static constexpr RuleTraits traits{.separable = true, .knows_order = false};
  static Index steps_per_write() { return 1; }
  struct Workspace {};

  // C, dQ: L×p×N multiply-adds; dK too, but for one query, of which it is an outer product.
  static Operations operations(const RuleShape& x) {
    return {2 * x.L * x.p * x.N, (x.N == 1 ? 3 : 4) * x.L * x.p * x.N};
  }

  static WriteStep<T> step(const T*, Index, const Writes<T>&, Index) { return {1, 0, 1}; }

  static constexpr Structure structure_of() { return {Decay::none, Erase::none}; }

  static void factors(ConstMatrixView<T> K, const Writes<T>&, Factors<T>& factors) {
    factors.resize(structure_of(), K.rows(), K.cols());
    factors.K = K;
    factors.w.setOnes();
  }
  static void factors_backward(ConstMatrixView<T>, const Writes<T>&, const Factors<T>& d, MatrixView<T> dK,
                               Writes<T>&) {
    dK += d.K;
  }

  void coefficients(ConstMatrixView<T> K, const Writes<T>&, ConstMatrixView<T> Q, MatrixView<T> C, Workspace&) const {
    C.noalias() = K.transpose() * Q;
  }

  void backward(Index, ConstMatrixView<T> K, const Writes<T>&, ConstMatrixView<T> Q, ConstMatrixView<T>,
                ConstMatrixView<T> dC, Workspace&, MatrixView<T> dK, Writes<T>&, MatrixView<T> dQ) const {
    if (Q.cols() == 1) {  // an outer product, which a general matrix product is slow at
      for (Index t = 0; t < K.cols(); ++t) multiply(dC(t, 0), Q.data(), Q.rows(), column(dK, t));
    } else {
      dK.noalias() = Q * dC.transpose();
    }
    dQ.noalias() += K * dC;
  }
};

}  // namespace palimpsest
