// Decompositions, each of which would be most of the compilation of a test that used it.
#pragma once

#include "palimpsest/core/types.hpp"

namespace palimpsest::reference {

/// X: n×N, the least ‖A X − B‖² (and if there are many, one of them); A: m×n, B: m×N. By a QR decomposition.
Matrix<double> solve(const Matrix<double>& A, const Matrix<double>& B);

/// Dimension of the space that the columns of A span, each row taken relative to its size; a direction that holds less than
/// 1e-11 of it counts as none.
Index rank(const Matrix<double>& A);

/// Squares of the n singular values of A: m×n, smallest first: the eigenvalues of AᵀA.
Vector<double> squared_singular_values(const Matrix<double>& A);

}  // namespace palimpsest::reference
