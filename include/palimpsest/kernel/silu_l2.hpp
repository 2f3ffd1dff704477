// φ(x) = y / √(‖y‖² + ε),  y = SiLU(x) = x σ(x),  σ(x) = 1/(1 + exp(−x)),  ε = 1e-6,  p = d.
// Source: Yang et al. 2024, "Parallelizing linear transformers with the delta rule" (DeltaNet, arXiv 2406.06484).
#pragma once

#include <cmath>

#include "palimpsest/kernel/kernel.hpp"

namespace palimpsest {

template <class T>
struct SiluL2 {
  static constexpr std::string_view name = "silu_l2";
  static constexpr std::string_view summary = "y / sqrt(|y|^2 + 1e-6), y = SiLU(x) (DeltaNet)";
  static constexpr KernelTraits traits{};

  Index feature_dim(Index d) const { return d; }

  Operations operations(Index d) const { return {(kExponential + 5) * double(d), (kExponential + 16) * double(d)}; }

  void forward(ConstMatrixView<T> x, MatrixView<T> phi) const {
    for (Index t = 0; t < x.cols(); ++t) {
      phi.col(t) = x.col(t).array() / (T(1) + (-x.col(t).array()).exp());
      phi.col(t) *= scale(phi.col(t).squaredNorm());
    }
  }

  // dy = (dφ − φ (φ·dφ)) / √(‖y‖² + ε),  dx = dy · σ(x) (1 + x (1 − σ(x))).
  void backward(ConstMatrixView<T> x, ConstMatrixView<T> phi, ConstMatrixView<T> dphi, MatrixView<T> dx) const {
    Vector<T> s(x.rows());
    for (Index t = 0; t < x.cols(); ++t) {
      s = (T(1) + (-x.col(t).array()).exp()).inverse();
      const T along = phi.col(t).dot(dphi.col(t)), factor = scale(x.col(t).cwiseProduct(s).squaredNorm());
      const T* __restrict in = column(x, t);
      const T* __restrict value = column(phi, t);
      const T* __restrict gradient = column(dphi, t);
      T* __restrict out = column(dx, t);
      for (Index i = 0; i < x.rows(); ++i)
        out[i] += factor * (gradient[i] - along * value[i]) * s(i) * (T(1) + in[i] * (T(1) - s(i)));
    }
  }

 private:
  static T scale(T squared_norm) { return T(1) / std::sqrt(squared_norm + T(1e-6)); }
};

}  // namespace palimpsest
