// FAVOR+, positive random features for the softmax kernel:
//   two-sided  φ(x) = (2m)^{-1/2} [exp(Ωᵀx − ‖x‖²/2); exp(−Ωᵀx − ‖x‖²/2)],  p = 2m    (`favor:m`)
//   one-sided  φ(x) = m^{-1/2} exp(Ωᵀx − ‖x‖²/2),                           p = m     (`favor_onesided:m`)
// with Ω: d×m in blocks of d orthogonal columns whose norms are those of Gaussian vectors. E φ(q)·φ(k) = exp(q·k).
// Features of a sum are a product: φ(x + y) = √p e^{−x·y} φ(x) ⊙ φ(y).
// `scaled` multiplies x by d^{-1/4} first, so that it estimates exp(q·k/√d).
// Source: Choromanski et al. 2021, "Rethinking attention with Performers" (arXiv 2009.14794), lemma 1 and section 2.4.
#pragma once

#include <cmath>

#include "palimpsest/kernel/random_projection.hpp"

namespace palimpsest {

template <class T, bool two_sided>
struct RandomExponential : RandomProjection<T> {
  static constexpr std::string_view name = two_sided ? "favor" : "favor_onesided";
  static constexpr std::string_view argument = "m";
  static constexpr std::string_view summary =
      two_sided ? "exp(+-W'x - |x|^2/2), positive random features (Performer)"
                : "exp(W'x - |x|^2/2), positive random features, one-sided (Performer)";
  static constexpr KernelTraits traits{.nonnegative = true, .factors = true};

  using RandomProjection<T>::m;

  explicit RandomExponential(int m) : RandomProjection<T>(name, m) {}

  Index feature_dim(Index) const { return two_sided ? 2 * m : m; }

  Operations operations(Index d) const {
    const double n = double(d), p = double(feature_dim(d));
    return {2 * n + p * (kExponential + 2), 2 * n + 4 * p};
  }

  void forward(ConstMatrixView<T> lifted, MatrixView<T> phi) const {
    const T gain = T(1) / std::sqrt(T(feature_dim(0)));
    const Index d = lifted.rows() - m;
    for (Index t = 0; t < lifted.cols(); ++t) {
      const Eigen::Map<const Vector<T>> x(column(lifted, t), d);
      const T half = x.squaredNorm() / T(2);
      exponentials(x.data() + d, half, gain, column(phi, t));
    }
  }

  // ∂φ±/∂h = ±φ±,  ∂φ/∂x = −x φ.
  void backward(ConstMatrixView<T> lifted, ConstMatrixView<T> phi, ConstMatrixView<T> dphi,
                MatrixView<T> dlifted) const {
    const Index d = lifted.rows() - m;
    for (Index t = 0; t < lifted.cols(); ++t) {
      exponentials_backward(column(phi, t), column(dphi, t), column(dlifted, t) + d);
      dlifted.col(t).head(d) -= phi.col(t).dot(dphi.col(t)) * lifted.col(t).head(d);
    }
  }

  // The largest feature is 1; ‖x‖² has no part in it.
  void forward_up_to_scale(ConstMatrixView<T> lifted, MatrixView<T> phi) const {
    const Index d = lifted.rows() - m;
    for (Index t = 0; t < lifted.cols(); ++t) {
      const Eigen::Map<const Array> h(column(lifted, t) + d, m);
      exponentials(h.data(), two_sided ? h.abs().maxCoeff() : h.maxCoeff(), T(1), column(phi, t));
    }
  }

  void backward_up_to_scale(ConstMatrixView<T> lifted, ConstMatrixView<T> phi, ConstMatrixView<T> dphi,
                            MatrixView<T> dlifted) const {
    const Index d = lifted.rows() - m;
    for (Index t = 0; t < lifted.cols(); ++t)
      exponentials_backward(column(phi, t), column(dphi, t), column(dlifted, t) + d);
  }

 private:
  using Array = Eigen::Array<T, Eigen::Dynamic, 1>;

  /// gain exp(±h − offset); h: m, phi: p.
  void exponentials(const T* projected, T offset, T gain, T* phi) const {
    const Eigen::Map<const Array> h(projected, m);
    Eigen::Map<Array>(phi, m) = gain * (h - offset).exp();
    if constexpr (two_sided) Eigen::Map<Array>(phi + m, m) = gain * (-h - offset).exp();
  }

  /// dh += ±φ± dφ±.
  void exponentials_backward(const T* __restrict value, const T* __restrict gradient, T* __restrict dh) const {
    for (Index j = 0; j < m; ++j) {
      dh[j] += value[j] * gradient[j];
      if constexpr (two_sided) dh[j] -= value[m + j] * gradient[m + j];
    }
  }
};

template <class T>
using Favor = RandomExponential<T, true>;
template <class T>
using FavorOnesided = RandomExponential<T, false>;

}  // namespace palimpsest
