// y = g ∘ x r ,  r = 1/√(mean(x²) + ε), ε = 1e-6, of each token alone; or of each head alone, where a token is so many blocks of
// rows, each with its own r. The gain g starts at 1 and has one entry per row: heads don't share it.
//   dx += r (g∘dy) − x r³ mean(x∘g∘dy) ,   dg += Σ dy∘x r
// Source: Zhang, Sennrich 2019, "Root mean square layer normalization" (arXiv 1910.07467), eq. 4; per head as in Sun et al.
// 2023, "Retentive network" (arXiv 2307.08621), eq. 8.
#pragma once

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "palimpsest/core/packet.hpp"
#include "palimpsest/core/parameter.hpp"

namespace palimpsest {

template <class T>
class RmsNorm {
 public:
  /// heads: blocks of rows, as many as divide the width.
  RmsNorm(std::string name, Index width, Index heads = 1) : gain_(std::move(name), width, 1), heads_(heads) {
    gain_.value.setOnes();
  }

  Index heads() const { return heads_; }

  /// X, Y: D×N; r: heads×N, what the adjoint needs.
  void forward(ConstMatrixView<T> X, MatrixView<T> Y, MatrixView<T> r) const;
  /// dX += adjoint, and the gain's gradient.
  void backward(ConstMatrixView<T> X, ConstMatrixView<T> r, ConstMatrixView<T> dY, MatrixView<T> dX);

  std::vector<Parameter<T>*> parameters() { return {&gain_}; }

 private:
  static constexpr double kEpsilon = 1e-6;

  Parameter<T> gain_;  // D×1
  Index heads_;
};

template <class T>
void RmsNorm<T>::forward(ConstMatrixView<T> X, MatrixView<T> Y, MatrixView<T> r) const {
  const Index size = X.rows() / heads_;
  for (Index t = 0; t < X.cols(); ++t)
    for (Index h = 0; h < heads_; ++h) {
      const T *x = column(X, t) + h * size, *gain = gain_.value.data() + h * size;
      T* y = column(Y, t) + h * size;
      const T inverse = T(1) / std::sqrt(dot(x, x, size) / T(size) + T(kEpsilon));
      r(h, t) = inverse;
      for_each_packet<T>(size, [&](auto at) { at.store(at.load(gain) * at.load(x) * inverse, y); });
    }
}

template <class T>
void RmsNorm<T>::backward(ConstMatrixView<T> X, ConstMatrixView<T> r, ConstMatrixView<T> dY, MatrixView<T> dX) {
  const Index size = X.rows() / heads_;
  for (Index t = 0; t < X.cols(); ++t)
    for (Index h = 0; h < heads_; ++h) {
      const T *x = column(X, t) + h * size, *dy = column(dY, t) + h * size, *gain = gain_.value.data() + h * size;
      T *dx = column(dX, t) + h * size, *dgain = gain_.gradient.data() + h * size;
      const T inverse = r(h, t);
      PacketSum<T> along;  // x·(g∘dy)
      for_each_packet<T>(size, [&](auto at) {
        const auto xdy = at.load(x) * at.load(dy);
        at.add(xdy * at.load(gain), along);
        at.store(at.load(dgain) + xdy * inverse, dgain);
      });
      const T back = along.value() * inverse * inverse * inverse / T(size);
      for_each_packet<T>(size, [&](auto at) {
        at.store(at.load(dx) + inverse * at.load(gain) * at.load(dy) - back * at.load(x), dx);
      });
    }
}

// Compiled once, in the library.
extern template class RmsNorm<float>;
extern template class RmsNorm<double>;

}  // namespace palimpsest
