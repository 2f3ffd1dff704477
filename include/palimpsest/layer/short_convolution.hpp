// y_t = Σ_{j < taps} w_j ∘ x_{t−j}: each channel alone, over the last few tokens of its own sequence, where tokens before the
// first are 0, or those that a sequence goes on from, which are constants. Without bias or activation; starts at U(±1/√taps).
// Source: Dao, Fu et al. 2022, "Hungry hungry hippos" (arXiv 2212.14052), the shift of section 3.2; Gu, Dao 2023, "Mamba"
// (arXiv 2312.00752), section 3.4, for the taps.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "palimpsest/core/packet.hpp"
#include "palimpsest/core/parameter.hpp"
#include "palimpsest/core/random.hpp"
#include "palimpsest/layer/layout.hpp"

namespace palimpsest {

template <class T>
class ShortConvolution {
 public:
  ShortConvolution(std::string name, Index channels, Index taps) : w_(std::move(name), channels, taps) {
    w_.value.setZero();
  }

  void start(Stream& stream) { fill_uniform<T>(stream, T(1) / std::sqrt(T(w_.value.cols())), w_.value); }

  /// X, Y: channels×N; before: the last taps − 1 tokens before each sequence, channels×(taps − 1)·sequences, or nothing where they
  /// are 0.
  void forward(const Layout& layout, ConstMatrixView<T> X, MatrixView<T> Y,
               ConstMatrixView<T> before = Matrix<T>()) const;
  /// dX += adjoint, and the parameter's gradient.
  void backward(const Layout& layout, ConstMatrixView<T> X, ConstMatrixView<T> dY, MatrixView<T> dX,
                ConstMatrixView<T> before = Matrix<T>());

  std::vector<Parameter<T>*> parameters() { return {&w_}; }

 private:
  /// Calls f(t, reach) for each column t, which `reach` taps connect with as many columns of its sequence: before it, or after.
  template <class F>
  void for_each_token(const Layout& layout, bool before, F&& f) const {
    const Index taps = w_.value.cols();
    for (Index i = 0; i < layout.sequences(); ++i)
      for (Index t = layout.start(i); t < layout.start(i + 1); ++t)
        f(t, std::min(taps, before ? t - layout.start(i) + 1 : layout.start(i + 1) - t));
  }

  /// Calls f(t, j, column) for each column t and tap j that reach back before their sequence, of which `column` is of `before`.
  template <class F>
  void for_each_tap_before(const Layout& layout, const ConstMatrixView<T>& before, F&& f) const {
    if (before.cols() == 0) return;
    const Index taps = w_.value.cols();
    for (Index i = 0; i < layout.sequences(); ++i)
      for (Index t = 0; t < std::min(taps - 1, layout.length(i)); ++t)
        for (Index j = t + 1; j < taps; ++j) f(layout.start(i) + t, j, (i + 1) * (taps - 1) + t - j);
  }

  Parameter<T> w_;  // channels×taps
};

template <class T>
void ShortConvolution<T>::forward(const Layout& layout, ConstMatrixView<T> X, MatrixView<T> Y,
                                  ConstMatrixView<T> before) const {
  const Index channels = w_.value.rows(), stride = X.outerStride();
  for_each_token(layout, true, [&](Index t, Index reach) {
    const T *x = column(X, t), *w = w_.value.data();
    T* y = column(Y, t);
    for_each_packet<T>(channels, [&](auto at) {
      auto sum = at.load(w) * at.load(x);
      for (Index j = 1; j < reach; ++j) sum += at.load(w + j * channels) * at.load(x - j * stride);
      at.store(sum, y);
    });
  });
  for_each_tap_before(layout, before,
                      [&](Index t, Index j, Index at) { Y.col(t) += w_.value.col(j).cwiseProduct(before.col(at)); });
}

template <class T>
void ShortConvolution<T>::backward(const Layout& layout, ConstMatrixView<T> X, ConstMatrixView<T> dY, MatrixView<T> dX,
                                   ConstMatrixView<T> before) {
  const Index channels = w_.value.rows(), stride = X.outerStride(), dstride = dY.outerStride();
  for_each_token(layout, false, [&](Index t, Index reach) {
    const T *dy = column(dY, t), *w = w_.value.data();
    T* dx = column(dX, t);
    for_each_packet<T>(channels, [&](auto at) {
      auto sum = at.load(dx);
      for (Index j = 0; j < reach; ++j) sum += at.load(w + j * channels) * at.load(dy + j * dstride);
      at.store(sum, dx);
    });
  });
  for_each_token(layout, true, [&](Index t, Index reach) {
    const T *x = column(X, t), *dy = column(dY, t);
    T* dw = w_.gradient.data();
    for_each_packet<T>(channels, [&](auto at) {
      const auto d = at.load(dy);
      for (Index j = 0; j < reach; ++j)
        at.store(at.load(dw + j * channels) + d * at.load(x - j * stride), dw + j * channels);
    });
  });
  for_each_tap_before(layout, before, [&](Index t, Index j, Index at) {
    w_.gradient.col(j) += dY.col(t).cwiseProduct(before.col(at));
  });
}

// Compiled once, in the library.
extern template class ShortConvolution<float>;
extern template class ShortConvolution<double>;

}  // namespace palimpsest
