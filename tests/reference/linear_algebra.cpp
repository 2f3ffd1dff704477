#include "reference/linear_algebra.hpp"

namespace palimpsest::reference {

Matrix<double> solve(const Matrix<double>& A, const Matrix<double>& B) { return A.colPivHouseholderQr().solve(B); }

Vector<double> squared_singular_values(const Matrix<double>& A) {
  const Matrix<double> squares = A.transpose() * A;
  return Eigen::SelfAdjointEigenSolver<Matrix<double>>(squares, Eigen::EigenvaluesOnly).eigenvalues();
}

}  // namespace palimpsest::reference
