// φ(x) = x / √(‖x‖² + ε),  ε = 1e-6,  p = d.
// Source: Yang et al. 2024, "Parallelizing linear transformers with the delta rule" (DeltaNet, arXiv 2406.06484).
#pragma once

#include <cmath>

#include "palimpsest/core/packet.hpp"
#include "palimpsest/kernel/kernel.hpp"

namespace palimpsest {

template <class T>
struct L2 {
  static constexpr std::string_view name = "l2";
  static constexpr std::string_view summary = "x / sqrt(|x|^2 + 1e-6)";
  static constexpr KernelTraits traits{};

  Index feature_dim(Index d) const { return d; }

  Operations operations(Index d) const { return {3 * double(d), 8 * double(d)}; }

  void forward(ConstMatrixView<T> x, MatrixView<T> phi) const {
    for (Index t = 0; t < x.cols(); ++t) multiply(scale(x, t), column(x, t), x.rows(), column(phi, t));
  }

  // dx = (dφ − φ (φ·dφ)) / √(‖x‖² + ε).
  void backward(ConstMatrixView<T> x, ConstMatrixView<T> phi, ConstMatrixView<T> dphi, MatrixView<T> dx) const {
    for (Index t = 0; t < x.cols(); ++t) {
      const T along = phi.col(t).dot(dphi.col(t)), factor = scale(x, t);
      const T* __restrict value = column(phi, t);
      const T* __restrict gradient = column(dphi, t);
      T* __restrict out = column(dx, t);
      for (Index i = 0; i < x.rows(); ++i) out[i] += factor * (gradient[i] - along * value[i]);
    }
  }

 private:
  static T scale(const ConstMatrixView<T>& x, Index t) { return T(1) / std::sqrt(x.col(t).squaredNorm() + T(1e-6)); }
};

}  // namespace palimpsest
