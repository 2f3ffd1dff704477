// Values written, V: d_v×L, as unit vectors or as they come, and what a chunk of n writes makes of them: V diag(w),
// d_v×n. Unit vectors are added to rows (scatter) and read from rows (gather); others are products of matrices.
#pragma once

#include <cassert>
#include <optional>
#include <span>

#include "palimpsest/core/product.hpp"
#include "palimpsest/engine/scratch.hpp"

namespace palimpsest::engine {

/// v_t is the unit vector of index[t].
struct OneHot {
  std::span<const int> index;
  Index size;  // d_v

  Index rows() const { return size; }
};

template <class T>
struct Dense {
  ConstMatrixView<T> V;  // d_v×L

  Index rows() const { return V.rows(); }
};

/// Memory that a Written works in.
template <class T>
struct WrittenScratch {
  Scratch<T> product, gradient;
};

/// V diag(w) of the chunk that `set` names. Each operation has its adjoint by V and w below it; `close` hands these
/// over.
template <class T, class Values>
class Written;

template <class T>
class Written<T, OneHot> {
 public:
  Written(const OneHot& values, WrittenScratch<T>& scratch) : values_(values), scratch_(scratch) {}

  void set(Index first, const ConstVectorView<T>& w) {
    index_ = values_.index.data() + first;
    w_ = w.data();
    n_ = w.size();
    scratch_.gradient(n_, 1).setZero();
  }

  /// Y += V diag(w), Y: d_v×n.
  template <class Y>
  void add_to(Y&& y) const {
    for (Index i = 0; i < n_; ++i) y(index_[i], i) += w_[i];
  }

  template <class Y>
  void add_to_backward(const Y& dy) {
    auto dw = scratch_.gradient();
    for (Index i = 0; i < n_; ++i) dw(i) += dy(index_[i], i);
  }

  /// Y += V diag(w) X, X: n×m, Y: d_v×m.
  template <class X, class Y>
  void add_product(const X& x, Y&& y) const {
    for (Index m = 0; m < x.cols(); ++m)
      for (Index i = 0; i < n_; ++i) y(index_[i], m) += w_[i] * x(i, m);
  }

  template <class Y, class X>
  void add_product_backward(const Y& dy, const X& x) {
    auto dw = scratch_.gradient();
    for (Index m = 0; m < x.cols(); ++m)
      for (Index i = 0; i < n_; ++i) dw(i) += dy(index_[i], m) * x(i, m);
  }

  /// X = diag(w) Vᵀ Y: what add_product's adjoint gives X.
  template <class Y, class X>
  void transposed_product(const Y& y, X&& x) const {
    for (Index m = 0; m < y.cols(); ++m)
      for (Index i = 0; i < n_; ++i) x(i, m) = w_[i] * y(index_[i], m);
  }

  void close(Index first, Vector<T>& dw, std::optional<MatrixView<T>>& dV) const {
    assert(!dV);  // there is no value to change
    (void)dV;
    dw.segment(first, n_) += scratch_.gradient();
  }

 private:
  const OneHot& values_;
  WrittenScratch<T>& scratch_;
  const int* index_ = nullptr;
  const T* w_ = nullptr;
  Index n_ = 0;
};

template <class T>
class Written<T, Dense<T>> {
 public:
  Written(const Dense<T>& values, WrittenScratch<T>& scratch) : values_(values), scratch_(scratch) {}

  void set(Index first, const ConstVectorView<T>& w) {
    w_ = w.data();
    n_ = w.size();
    scratch_.product(values_.rows(), n_).noalias() = values_.V.middleCols(first, n_) * w.asDiagonal();
    scratch_.gradient(values_.rows(), n_).setZero();
  }

  template <class Y>
  void add_to(Y&& y) const {
    y += scratch_.product();
  }

  template <class Y>
  void add_to_backward(const Y& dy) {
    scratch_.gradient() += dy;
  }

  template <class X, class Y>
  void add_product(const X& x, Y&& y) const {
    palimpsest::add_product<T>(scratch_.product(), x, y);
  }

  template <class Y, class X>
  void add_product_backward(const Y& dy, const X& x) {
    palimpsest::add_product<T>(dy, x.transpose(), scratch_.gradient());
  }

  template <class Y, class X>
  void transposed_product(const Y& y, X&& x) const {
    set_product<T>(scratch_.product().transpose(), y, x);
  }

  void close(Index first, Vector<T>& dw, std::optional<MatrixView<T>>& dV) const {
    const auto d = scratch_.gradient();
    for (Index i = 0; i < n_; ++i) {
      dw(first + i) += values_.V.col(first + i).dot(d.col(i));
      if (dV) dV->col(first + i) += w_[i] * d.col(i);
    }
  }

 private:
  const Dense<T>& values_;
  WrittenScratch<T>& scratch_;
  const T* w_ = nullptr;
  Index n_ = 0;
};

}  // namespace palimpsest::engine
