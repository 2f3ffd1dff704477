// φ(x) = softmax(x):  φ_i = exp(x_i) / Σ_j exp(x_j), over the key's own coordinates,  p = d.
// Not softmax attention, which is a softmax over the writes and keeps all of them (pair/softmax.hpp).
// Source: Shen et al. 2021, "Efficient attention: attention with linear complexities" (arXiv 1812.01243).
#pragma once

#include "palimpsest/kernel/kernel.hpp"

namespace palimpsest {

template <class T>
struct SoftmaxFeature {
  static constexpr std::string_view name = "softmax_feature";
  static constexpr std::string_view summary = "softmax of x over its own coordinates";
  static constexpr KernelTraits traits{.nonnegative = true};

  Index feature_dim(Index d) const { return d; }

  Operations operations(Index d) const { return {(kExponential + 4) * double(d), 5 * double(d)}; }

  // The largest exponent is 0: none overflows, and the sum is at least 1.
  void forward(ConstMatrixView<T> x, MatrixView<T> phi) const {
    for (Index t = 0; t < x.cols(); ++t) {
      phi.col(t) = (x.col(t).array() - x.col(t).maxCoeff()).exp();
      phi.col(t) /= phi.col(t).sum();
    }
  }

  // dx = φ ⊙ (dφ − φ·dφ).
  void backward(ConstMatrixView<T>, ConstMatrixView<T> phi, ConstMatrixView<T> dphi, MatrixView<T> dx) const {
    for (Index t = 0; t < phi.cols(); ++t)
      dx.col(t).array() += phi.col(t).array() * (dphi.col(t).array() - phi.col(t).dot(dphi.col(t)));
  }
};

}  // namespace palimpsest
