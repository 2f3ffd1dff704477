// φ(x) = tanh(x), p = d: the keys of fast weight memories.
// Source: Schlag, Munkhdalai, Schmidhuber 2021 (arXiv 2011.07831), section 3.
#pragma once

#include "palimpsest/kernel/kernel.hpp"

namespace palimpsest {

template <class T>
struct Tanh {
  static constexpr std::string_view name = "tanh";
  static constexpr std::string_view summary = "tanh(x), p = d (FWM)";
  static constexpr KernelTraits traits{};

  Index feature_dim(Index d) const { return d; }

  Operations operations(Index d) const { return {kExponential * double(d), 4 * double(d)}; }

  void forward(ConstMatrixView<T> x, MatrixView<T> phi) const { phi = x.array().tanh(); }

  // dφ/dx = 1 − φ².
  void backward(ConstMatrixView<T>, ConstMatrixView<T> phi, ConstMatrixView<T> dphi, MatrixView<T> dx) const {
    dx.array() += dphi.array() * (1 - phi.array().square());
  }
};

}  // namespace palimpsest
