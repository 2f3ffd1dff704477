// Random Fourier features for the softmax kernel (`rff:m`):
//   φ(x) = m^{-1/2} [cos Ωᵀx; sin Ωᵀx] · exp(‖x‖²/2),  p = 2m,
// with Ω: d×m as in orthogonal_gaussian.hpp. E φ(q)·φ(k) = exp(q·k), as cos and sin alone estimate exp(−‖q − k‖²/2).
// `scaled` multiplies x by d^{-1/4} first, so that it estimates exp(q·k/√d).
// Source: Rahimi & Recht 2007, "Random features for large-scale kernel machines"; the factor: Choromanski et al. 2021
// (arXiv 2009.14794), as their trigonometric estimate of the softmax kernel.
#pragma once

#include <cmath>

#include "palimpsest/kernel/random_projection.hpp"

namespace palimpsest {

template <class T>
struct RandomFourier : RandomProjection<T> {
  static constexpr std::string_view name = "rff";
  static constexpr std::string_view argument = "m";
  static constexpr std::string_view summary = "[cos(W'x); sin(W'x)] exp(|x|^2/2), trigonometric random features";
  static constexpr bool nonnegative = false;

  using RandomProjection<T>::m;

  explicit RandomFourier(int m) : RandomProjection<T>(name, m) {}

  Index feature_dim(Index) const { return 2 * m; }

  Operations operations(Index d) const {
    const double n = double(d), p = double(feature_dim(d));
    return {2 * n + p * (kExponential + 1), 2 * n + 4 * p};
  }

  void forward(ConstMatrixView<T> lifted, MatrixView<T> phi) const {
    const Index d = lifted.rows() - m;
    using Array = Eigen::Array<T, Eigen::Dynamic, 1>;
    for (Index t = 0; t < lifted.cols(); ++t) {
      const Eigen::Map<const Vector<T>> x(column(lifted, t), d);
      const Eigen::Map<const Array> h(x.data() + d, m);
      const T gain = std::exp(x.squaredNorm() / T(2)) / std::sqrt(T(m));
      Eigen::Map<Array>(column(phi, t), m) = gain * h.cos();
      Eigen::Map<Array>(column(phi, t) + m, m) = gain * h.sin();
    }
  }

  // ∂φ_cos/∂h = −φ_sin,  ∂φ_sin/∂h = φ_cos,  ∂φ/∂x = x φ.
  void backward(ConstMatrixView<T> lifted, ConstMatrixView<T> phi, ConstMatrixView<T> dphi, MatrixView<T> dlifted) const {
    const Index d = lifted.rows() - m;
    for (Index t = 0; t < lifted.cols(); ++t) {
      const T* __restrict value = column(phi, t);
      const T* __restrict gradient = column(dphi, t);
      T* __restrict dh = column(dlifted, t) + d;
      for (Index j = 0; j < m; ++j) dh[j] += value[j] * gradient[m + j] - value[m + j] * gradient[j];
      dlifted.col(t).head(d) += phi.col(t).dot(dphi.col(t)) * lifted.col(t).head(d);
    }
  }
};

}  // namespace palimpsest
