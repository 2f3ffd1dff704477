// The linear part of kernels with random features: a lifted token is [x; Ωᵀx], with x multiplied by d^{-1/4} first
// if `scaled`, which makes q·k into q·k/√d. Ω: d×m as in orthogonal_gaussian.hpp.
// Source: Choromanski et al. 2021 (arXiv 2009.14794), section 2.4.
#pragma once

#include <cmath>
#include <string_view>

#include "palimpsest/core/product.hpp"
#include "palimpsest/kernel/kernel.hpp"
#include "palimpsest/kernel/orthogonal_gaussian.hpp"

namespace palimpsest {

template <class T>
struct RandomProjection {
  Index m;
  bool scaled = false;  ///< multiply x by d^{-1/4}
  Matrix<T> omega;      ///< d×m, made by draw

  /// Throws ConfigurationError, with the kernel's name, unless m ≥ 1.
  RandomProjection(std::string_view name, Index m) : m(m) {
    if (m < 1) throw ConfigurationError(fmt::format("kernel '{}:{}': m must be at least 1", name, m));
  }

  void draw(Index d, Stream& stream) { omega = orthogonal_gaussian<T>(d, m, stream); }

  Index lifted_dim(Index d) const { return d + m; }

  double lift_operations(Index d) const { return double(d) + 2 * double(d) * double(m); }

  // Each block of d columns: d×d normal numbers, of a logarithm and a cosine each, their QR decomposition, 4/3 d³, and
  // its Q formed, as many again.
  double draw_operations(Index d) const {
    const double n = double(d), blocks = double((m + d - 1) / d);
    return blocks * n * n * (2 * kExponential + 8 * n / 3);
  }

  int argument_value() const { return m; }

  void lift(ConstMatrixView<T> x, MatrixView<T> lifted) const {
    lifted.topRows(x.rows()) = scale(x.rows()) * x;
    set_product<T>(omega.transpose(), lifted.topRows(x.rows()), lifted.bottomRows(m));
  }

  void lift_backward(ConstMatrixView<T> dlifted, MatrixView<T> dx) const {
    const T s = scale(dx.rows());
    dx += s * dlifted.topRows(dx.rows());
    add_product<T>(omega, dlifted.bottomRows(m), dx, s);
  }

 private:
  T scale(Index d) const { return scaled ? T(1) / std::sqrt(std::sqrt(T(d))) : T(1); }
};

}  // namespace palimpsest
