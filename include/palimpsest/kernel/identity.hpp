// φ(x) = x,  p = d. The Hebbian (linear) memory.
#pragma once

#include "palimpsest/kernel/kernel.hpp"

namespace palimpsest {

template <class T>
struct Identity {
  static constexpr std::string_view name = "identity";
  static constexpr std::string_view summary = "x";
  static constexpr KernelTraits traits{};

  Index feature_dim(Index d) const { return d; }

  Operations operations(Index d) const { return {0, double(d)}; }

  void forward(ConstMatrixView<T> x, MatrixView<T> phi) const { phi = x; }

  void backward(ConstMatrixView<T>, ConstMatrixView<T>, ConstMatrixView<T> dphi, MatrixView<T> dx) const { dx += dphi; }
};

}  // namespace palimpsest
