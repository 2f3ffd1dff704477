// Random Fourier features for the softmax kernel (`rff:m`):
//   φ(x) = m^{-1/2} [cos Ωᵀx; sin Ωᵀx] · exp(‖x‖²/2),  p = 2m,
// with Ω: d×m as in orthogonal_gaussian.hpp. E φ(q)·φ(k) = exp(q·k), as cos and sin alone estimate exp(−‖q − k‖²/2).
// `scaled` multiplies x by d^{-1/4} first, so that it estimates exp(q·k/√d).
// Source: Rahimi & Recht 2007, "Random features for large-scale kernel machines"; the factor: Choromanski et al. 2021
// (arXiv 2009.14794), as their trigonometric estimate of the softmax kernel.
#pragma once

#include <cmath>

#include "palimpsest/kernel/kernel.hpp"
#include "palimpsest/kernel/orthogonal_gaussian.hpp"

namespace palimpsest {

template <class T>
struct RandomFourier {
  static constexpr std::string_view name = "rff";
  static constexpr std::string_view argument = "m";
  static constexpr std::string_view summary = "[cos(W'x); sin(W'x)] exp(|x|^2/2), trigonometric random features";
  static constexpr bool nonnegative = false;

  int m;
  bool scaled = false;  ///< multiply x by d^{-1/4}
  Matrix<T> omega;      ///< d×m, made by draw

  explicit RandomFourier(int m) : m(m) {
    if (m < 1) throw ConfigurationError(fmt::format("kernel 'rff:{}': m must be at least 1", m));
  }

  Index feature_dim(Index) const { return 2 * m; }
  void draw(Index d, Stream& stream) { omega = orthogonal_gaussian<T>(d, m, stream); }

  // A lifted token is [x; Ωᵀx], both scaled.
  Index lifted_dim(Index d) const { return d + m; }

  void lift(ConstMatrixView<T> x, MatrixView<T> lifted) const {
    lifted.topRows(x.rows()) = scale(x.rows()) * x;
    lifted.bottomRows(m).noalias() = omega.transpose() * lifted.topRows(x.rows());
  }

  void lift_backward(ConstMatrixView<T> dlifted, MatrixView<T> dx) const {
    const T s = scale(dx.rows());
    dx += s * dlifted.topRows(dx.rows());
    dx.noalias() += s * omega * dlifted.bottomRows(m);
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

 private:
  T scale(Index d) const { return scaled ? T(1) / std::sqrt(std::sqrt(T(d))) : T(1); }
};

}  // namespace palimpsest
