// φ(x) = relu(x)² = max(x, 0)²,  p = d.
// Source: So et al. 2021, "Primer" (arXiv 2109.08668), as an activation.
#pragma once

#include "palimpsest/kernel/kernel.hpp"

namespace palimpsest {

template <class T>
struct Relu2 {
  static constexpr std::string_view name = "relu2";
  static constexpr std::string_view summary = "max(x, 0)^2";
  static constexpr KernelTraits traits{.nonnegative = true};

  Index feature_dim(Index d) const { return d; }

  Operations operations(Index d) const { return {2 * double(d), 4 * double(d)}; }

  void forward(ConstMatrixView<T> x, MatrixView<T> phi) const { phi = x.cwiseMax(T(0)).cwiseAbs2(); }

  // φ' = 2 relu(x), also at 0.
  void backward(ConstMatrixView<T> x, ConstMatrixView<T>, ConstMatrixView<T> dphi, MatrixView<T> dx) const {
    dx += T(2) * x.cwiseMax(T(0)).cwiseProduct(dphi);
  }
};

}  // namespace palimpsest
