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
  static constexpr KernelTraits traits{};

  using RandomProjection<T>::m;

  explicit RandomFourier(int m) : RandomProjection<T>(name, m) {}

  Index feature_dim(Index) const { return 2 * m; }
  Index rank_of_squares(Index) const { return m + 1; }  // cos² + sin² is the same of all m

  Operations operations(Index d) const {
    const double n = double(d), p = double(feature_dim(d));
    return {2 * n + p * (kExponential + 1), 2 * n + 4 * p};
  }

  void forward(ConstMatrixView<T> lifted, MatrixView<T> phi) const {
    const Index d = lifted.rows() - m;
    for (Index t = 0; t < lifted.cols(); ++t) {
      const Eigen::Map<const Vector<T>> x(column(lifted, t), d);
      waves(x.data() + d, std::exp(x.squaredNorm() / T(2)) / std::sqrt(T(m)), column(phi, t));
    }
  }

  // ∂φ_cos/∂h = −φ_sin,  ∂φ_sin/∂h = φ_cos,  ∂φ/∂x = x φ.
  void backward(ConstMatrixView<T> lifted, ConstMatrixView<T> phi, ConstMatrixView<T> dphi,
                MatrixView<T> dlifted) const {
    const Index d = lifted.rows() - m;
    for (Index t = 0; t < lifted.cols(); ++t) {
      waves_backward(column(phi, t), column(dphi, t), column(dlifted, t) + d);
      dlifted.col(t).head(d) += phi.col(t).dot(dphi.col(t)) * lifted.col(t).head(d);
    }
  }

  // Without exp(‖x‖²/2)/√m: features of the unit circle.
  void forward_up_to_scale(ConstMatrixView<T> lifted, MatrixView<T> phi) const {
    for (Index t = 0; t < lifted.cols(); ++t) waves(column(lifted, t) + lifted.rows() - m, T(1), column(phi, t));
  }

  void backward_up_to_scale(ConstMatrixView<T> lifted, ConstMatrixView<T> phi, ConstMatrixView<T> dphi,
                            MatrixView<T> dlifted) const {
    for (Index t = 0; t < lifted.cols(); ++t)
      waves_backward(column(phi, t), column(dphi, t), column(dlifted, t) + lifted.rows() - m);
  }

 private:
  /// gain [cos h; sin h]; h: m, phi: p.
  void waves(const T* projected, T gain, T* phi) const {
    using Array = Eigen::Array<T, Eigen::Dynamic, 1>;
    const Eigen::Map<const Array> h(projected, m);
    Eigen::Map<Array>(phi, m) = gain * h.cos();
    Eigen::Map<Array>(phi + m, m) = gain * h.sin();
  }

  /// dh += φ_cos dφ_sin − φ_sin dφ_cos.
  void waves_backward(const T* __restrict value, const T* __restrict gradient, T* __restrict dh) const {
    for (Index j = 0; j < m; ++j) dh[j] += value[j] * gradient[m + j] - value[m + j] * gradient[j];
  }
};

}  // namespace palimpsest
