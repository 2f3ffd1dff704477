// φ(x) = softmax([2y; −2y]),  y = A x + b,  over its own 2d coordinates,  p = 2d.  A (d×d) and b (d) are trained with the
// model and shared by keys and queries; they start at I and 0.
// Source: Zhang et al. 2024, "The Hedgehog & the Porcupine" (arXiv 2402.04347); the softmax over all 2d entries, the
// factor 2 and the start as in its implementation in the flash-linear-attention library.
#pragma once

#include <vector>

#include "palimpsest/core/parameter.hpp"
#include "palimpsest/core/product.hpp"
#include "palimpsest/kernel/kernel.hpp"

namespace palimpsest {

template <class T>
struct Hedgehog {
  static constexpr std::string_view name = "hedgehog";
  static constexpr std::string_view summary = "softmax([2y; -2y]), y = A x + b with A, b learnt (Hedgehog)";
  static constexpr KernelTraits traits{.nonnegative = true};

  Parameter<T> A{"kernel_A", 0, 0};  // d×d
  Parameter<T> b{"kernel_b", 0, 1};  // d×1

  void start(Index d) {
    A.value.setIdentity(d, d);
    b.value.setZero(d, 1);
    A.gradient.setZero(d, d);
    b.gradient.setZero(d, 1);
  }

  std::vector<Parameter<T>*> parameters() { return {&A, &b}; }

  Index feature_dim(Index d) const { return 2 * d; }

  Operations operations(Index d) const {
    const double n = double(d);
    return {2 * n + 2 * n * (kExponential + 4), 2 * n * 4 + 3 * n};
  }

  // A lifted token is A x.
  Index lifted_dim(Index d) const { return d; }
  void lift(ConstMatrixView<T> x, MatrixView<T> lifted) const { set_product<T>(A.value, x, lifted); }
  void lift_backward(ConstMatrixView<T> dlifted, MatrixView<T> dx) const {
    add_product<T>(A.value.transpose(), dlifted, dx);
  }
  void lift_learn(ConstMatrixView<T> x, ConstMatrixView<T> dlifted) {
    add_product<T>(dlifted, x.transpose(), A.gradient);
  }
  void learn(ConstMatrixView<T> dlifted) { b.gradient += dlifted.rowwise().sum(); }

  // The largest exponent is 0: none overflows, and the sum is at least 1.
  void forward(ConstMatrixView<T> lifted, MatrixView<T> phi) const {
    const Index d = lifted.rows();
    for (Index t = 0; t < lifted.cols(); ++t) {
      phi.col(t).head(d) = T(2) * (lifted.col(t) + b.value.col(0));
      phi.col(t).tail(d) = -phi.col(t).head(d);
      const T largest = phi.col(t).maxCoeff();
      phi.col(t) = (phi.col(t).array() - largest).exp();
      phi.col(t) /= phi.col(t).sum();
    }
  }

  // By its exponents φ ⊙ (dφ − φ·dφ), which are ±2y.
  void backward(ConstMatrixView<T>, ConstMatrixView<T> phi, ConstMatrixView<T> dphi, MatrixView<T> dlifted) const {
    const Index d = dlifted.rows();
    for (Index t = 0; t < phi.cols(); ++t) {
      const auto dexponent = phi.col(t).array() * (dphi.col(t).array() - phi.col(t).dot(dphi.col(t)));
      dlifted.col(t).array() += T(2) * (dexponent.head(d) - dexponent.tail(d));
    }
  }
};

}  // namespace palimpsest
