// X ← X (I − N)⁻¹ and X ← X (I − N)⁻ᵀ, N: n×n strictly upper triangular (what isn't above its diagonal is not read),
// X: m×n. Column j of the first is x_j + Σ_{i<j} N_ij x_i of columns that are done; of the second, from the last one
// back, x_i + Σ_{j>i} N_ij x_j. In blocks of columns, so that most of it is a product of matrices.
//
// A product of n Householder-like factors is one such solve: Bischof and Van Loan 1987, "The WY representation for
// products of Householder matrices".
#pragma once

#include <algorithm>

#include "palimpsest/core/product.hpp"

namespace palimpsest::engine {

inline constexpr Index kSolveBlock = 16;

template <class T>
void solve(const ConstMatrixView<T>& N, MatrixView<T> X) {
  const Index n = N.cols();
  for (Index first = 0; first < n; first += kSolveBlock) {
    const Index count = std::min(kSolveBlock, n - first);
    if (first > 0) add_product<T>(X.leftCols(first), N.block(0, first, first, count), X.middleCols(first, count));
    for (Index j = first + 1; j < first + count; ++j)
      X.col(j).noalias() += X.middleCols(first, j - first) * N.col(j).segment(first, j - first);
  }
}

template <class T>
void solve_transposed(const ConstMatrixView<T>& N, MatrixView<T> X) {
  const Index n = N.cols();
  for (Index end = n, first; end > 0; end = first) {
    first = (end - 1) / kSolveBlock * kSolveBlock;
    const Index count = end - first, later = n - end;
    if (later > 0)
      add_product<T>(X.rightCols(later), N.block(first, end, count, later).transpose(), X.middleCols(first, count));
    for (Index i = end - 2; i >= first; --i)
      X.col(i).noalias() += X.middleCols(i + 1, end - i - 1) * N.row(i).segment(i + 1, end - i - 1).transpose();
  }
}

// Compiled once, in the library.
extern template void solve(const ConstMatrixView<float>& N, MatrixView<float> X);
extern template void solve(const ConstMatrixView<double>& N, MatrixView<double> X);
extern template void solve_transposed(const ConstMatrixView<float>& N, MatrixView<float> X);
extern template void solve_transposed(const ConstMatrixView<double>& N, MatrixView<double> X);

}  // namespace palimpsest::engine
