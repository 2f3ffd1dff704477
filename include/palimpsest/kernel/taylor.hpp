// Second-order Taylor expansion of the softmax kernel, φ(x)·φ(y) = 1 + s + s²/2 with s = x·y/√d:
//   φ(x) = [1; x/d^{1/4}; x_i²/√(2d); x_i x_j/√d (i < j)],  p = 1 + d + d(d+1)/2.
// Pairs come by their distance o = j − i: x_0 x_o, x_1 x_{1+o}, …; first those of o = 1. Squares are o = 0.
// Source: Arora et al. 2024, "Based" (arXiv 2402.18668); each pair once, not as x_i x_j and x_j x_i.
#pragma once

#include <cmath>

#include "palimpsest/core/packet.hpp"
#include "palimpsest/kernel/kernel.hpp"

namespace palimpsest {

template <class T>
struct Taylor {
  static constexpr std::string_view name = "taylor";
  static constexpr std::string_view summary = "[1; x; x_i x_j] with product 1 + s + s^2/2, s = x.y/sqrt(d) (Based)";
  static constexpr KernelTraits traits{.positive_products = true};  // 1 + s + s²/2 ≥ 1/2

  Index feature_dim(Index d) const { return 1 + d + d * (d + 1) / 2; }

  Operations operations(Index d) const {
    const double n = double(d), pairs = n * (n + 1) / 2;
    return {n + 2 * pairs, 2 * n + 6 * pairs};
  }

  void forward(ConstMatrixView<T> x, MatrixView<T> phi) const {
    const Index d = x.rows();
    const T pair = T(1) / std::sqrt(T(d)), square = T(1) / std::sqrt(T(2 * d)), single = std::sqrt(pair);
    for (Index t = 0; t < x.cols(); ++t) {
      const T* __restrict in = column(x, t);
      T* __restrict out = column(phi, t);
      out[0] = T(1);
      multiply(single, in, d, out + 1);
      out += 1 + d;
      for (Index o = 0; o < d; ++o) {
        const T factor = o == 0 ? square : pair;
        for (Index i = 0; i < d - o; ++i) out[i] = factor * in[i] * in[i + o];
        out += d - o;
      }
    }
  }

  // A pair's gradient g meets x_i at x_j and x_j at x_i; of a square both are the same.
  void backward(ConstMatrixView<T> x, ConstMatrixView<T>, ConstMatrixView<T> dphi, MatrixView<T> dx) const {
    const Index d = x.rows();
    const T pair = T(1) / std::sqrt(T(d)), square = T(1) / std::sqrt(T(2 * d)), single = std::sqrt(pair);
    for (Index t = 0; t < x.cols(); ++t) {
      const T* __restrict in = column(x, t);
      const T* __restrict g = column(dphi, t);
      T* __restrict out = column(dx, t);
      for (Index i = 0; i < d; ++i) out[i] += single * g[1 + i];
      g += 1 + d;
      for (Index o = 0; o < d; ++o) {
        const T factor = o == 0 ? square : pair;
        for (Index i = 0; i < d - o; ++i) out[i] += factor * g[i] * in[i + o];
        for (Index i = 0; i < d - o; ++i) out[i + o] += factor * g[i] * in[i];
        g += d - o;
      }
    }
  }
};

}  // namespace palimpsest
