// W ← W + v kᵀ,  y = W q:   C = KᵀQ. The Hebbian outer-product rule of linear attention.
// Source: Katharopoulos et al. 2020, "Transformers are RNNs", eqs. 18–20.
#pragma once

#include "palimpsest/rule/rule.hpp"

namespace palimpsest {

template <class T>
struct SumRule {
  static constexpr std::string_view name = "sum";
  static constexpr std::string_view summary = "W += v k' (linear attention)";
  static constexpr bool separable = true;

  void coefficients(ConstMatrixView<T> K, ConstMatrixView<T> Q, MatrixView<T> C) const { C.noalias() = K.transpose() * Q; }

  void backward(ConstMatrixView<T> K, ConstMatrixView<T> Q, ConstMatrixView<T>, ConstMatrixView<T> dC, MatrixView<T> dK,
                MatrixView<T> dQ) const {
    if (Q.cols() == 1) {  // an outer product, which a general matrix product is slow at
      for (Index t = 0; t < K.cols(); ++t) multiply(dC(t, 0), Q.data(), Q.rows(), column(dK, t));
    } else {
      dK.noalias() = Q * dC.transpose();
    }
    dQ.noalias() += K * dC;
  }
};

}  // namespace palimpsest
