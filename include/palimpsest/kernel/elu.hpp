// φ(x) = elu(x) + 1:  x + 1 for x > 0, else exp(x).  p = d.
// Source: Katharopoulos et al. 2020, "Transformers are RNNs", eq. 7.
#pragma once

#include "palimpsest/kernel/kernel.hpp"

namespace palimpsest {

template <class T>
struct Elu {
  static constexpr std::string_view name = "elu";
  static constexpr std::string_view summary = "elu(x) + 1 (Katharopoulos et al. 2020)";
  static constexpr KernelTraits traits{.nonnegative = true};

  Index feature_dim(Index d) const { return d; }

  Operations operations(Index d) const { return {(kExponential + 3) * double(d), 3 * double(d)}; }

  // exp(min(x, 0)) + max(x, 0) is the definition without a branch; exp(x) is never taken of a positive x.
  void forward(ConstMatrixView<T> x, MatrixView<T> phi) const {
    for (Index t = 0; t < x.cols(); ++t)
      phi.col(t) = x.col(t).array().cwiseMin(T(0)).exp() + x.col(t).array().cwiseMax(T(0));
  }

  // φ' = 1 for x > 0, else exp(x) = φ: together min(φ, 1).
  void backward(ConstMatrixView<T>, ConstMatrixView<T> phi, ConstMatrixView<T> dphi, MatrixView<T> dx) const {
    for (Index t = 0; t < phi.cols(); ++t) dx.col(t).array() += dphi.col(t).array() * phi.col(t).array().cwiseMin(T(1));
  }
};

}  // namespace palimpsest
