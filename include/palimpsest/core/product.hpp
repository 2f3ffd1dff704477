// C = A B and C += α A B, compiled once: written as an expression of Eigen's, each product is compiled anew wherever one of
// its matrices is another kind of window, which takes longer than all else of a short function.
//   add_product<T>(A.transpose(), B.leftCols(n), C);
#pragma once

#include <type_traits>

#include "palimpsest/core/types.hpp"

namespace palimpsest {

/// Anything of Eigen's that lies in memory, transposed or not: a matrix, a view, a block, a map. Columns are contiguous, or
/// rows where it is transposed. Const entries: for reading.
template <class Entry>
struct Window {
  Entry* data;
  Index rows, cols, stride;  // as they lie in memory
  bool transposed;

  template <class M>
  requires(std::remove_cvref_t<M>::InnerStrideAtCompileTime == 1) Window(M&& matrix)
      : data(matrix.data()),
        rows(matrix.innerSize()),
        cols(matrix.outerSize()),
        stride(matrix.outerStride()),
        transposed(std::remove_cvref_t<M>::IsRowMajor) {}
};

/// A: m×k, B: k×n, C: m×n, which is no part of A or B.
template <class T>
void set_product(Window<const T> A, Window<const T> B, Window<T> C);
template <class T>
void add_product(Window<const T> A, Window<const T> B, Window<T> C, T alpha = 1);

// Compiled once, in the library: bodies are in product_impl.hpp.
extern template void set_product<float>(Window<const float>, Window<const float>, Window<float>);
extern template void set_product<double>(Window<const double>, Window<const double>, Window<double>);
extern template void add_product<float>(Window<const float>, Window<const float>, Window<float>, float);
extern template void add_product<double>(Window<const double>, Window<const double>, Window<double>, double);

}  // namespace palimpsest
