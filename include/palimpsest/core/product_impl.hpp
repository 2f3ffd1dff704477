// Bodies of product.hpp. Only a source that instantiates includes it.
#pragma once

#include <cassert>

#include "palimpsest/core/product.hpp"

namespace palimpsest {

template <class Entry>
using Mapped =
    Eigen::Map<std::conditional_t<std::is_const_v<Entry>, const Matrix<std::remove_const_t<Entry>>, Matrix<Entry>>, 0,
               Eigen::OuterStride<>>;

template <class Entry>
Mapped<Entry> mapped(const Window<Entry>& window) {
  return {window.data, window.rows, window.cols, Eigen::OuterStride<>(window.stride)};
}

template <class Entry>
Index rows(const Window<Entry>& window) {
  return window.transposed ? window.cols : window.rows;
}

template <class Entry>
Index cols(const Window<Entry>& window) {
  return window.transposed ? window.rows : window.cols;
}

template <class T>
void add_product(Window<const T> A, Window<const T> B, Window<T> C, T alpha) {
  assert(rows(A) == rows(C) && cols(B) == cols(C) && cols(A) == rows(B));
  if (C.transposed) {  // Cᵀ += α Bᵀ Aᵀ
    std::swap(A, B);
    A.transposed = !A.transposed, B.transposed = !B.transposed;
  }
  const auto a = mapped(A), b = mapped(B);
  auto c = mapped(C);
  if (A.transposed && B.transposed)
    c.noalias() += alpha * a.transpose() * b.transpose();
  else if (A.transposed)
    c.noalias() += alpha * a.transpose() * b;
  else if (B.transposed)
    c.noalias() += alpha * a * b.transpose();
  else
    c.noalias() += alpha * a * b;
}

template <class T>
void set_product(Window<const T> A, Window<const T> B, Window<T> C) {
  mapped(C).setZero();
  add_product<T>(A, B, C);
}

}  // namespace palimpsest
