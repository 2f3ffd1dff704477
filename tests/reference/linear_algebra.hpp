// Decompositions, each of which would be most of the compilation of a test that used it.
#pragma once

#include "palimpsest/core/types.hpp"

namespace palimpsest::reference {

/// X: n×N, the least ‖A X − B‖² (and if there are many, one of them); A: m×n, B: m×N. By a QR decomposition.
Matrix<double> solve(const Matrix<double>& A, const Matrix<double>& B);

/// Squares of the n singular values of A: m×n, smallest first: the eigenvalues of AᵀA.
Vector<double> squared_singular_values(const Matrix<double>& A);

}  // namespace palimpsest::reference
