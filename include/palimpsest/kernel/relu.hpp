// φ(x) = relu(x) = max(x, 0),  p = d.
#pragma once

#include "palimpsest/kernel/kernel.hpp"

namespace palimpsest {

template <class T>
struct Relu {
  static constexpr std::string_view name = "relu";
  static constexpr std::string_view summary = "max(x, 0)";
  static constexpr KernelTraits traits{.nonnegative = true};

  Index feature_dim(Index d) const { return d; }

  Operations operations(Index d) const { return {double(d), 3 * double(d)}; }

  void forward(ConstMatrixView<T> x, MatrixView<T> phi) const { phi = x.cwiseMax(T(0)); }

  void backward(ConstMatrixView<T> x, ConstMatrixView<T>, ConstMatrixView<T> dphi, MatrixView<T> dx) const {
    for (Index t = 0; t < x.cols(); ++t)
      for (Index i = 0; i < x.rows(); ++i) dx(i, t) += x(i, t) > T(0) ? dphi(i, t) : T(0);
  }
};

}  // namespace palimpsest
