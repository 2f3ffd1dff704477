#include "reference/linear_algebra.hpp"

namespace palimpsest::reference {

Matrix<double> solve(const Matrix<double>& A, const Matrix<double>& B) { return A.colPivHouseholderQr().solve(B); }

Index rank(const Matrix<double>& A) {
  Matrix<double> rows = A;
  for (Index i = 0; i < A.rows(); ++i)
    if (const double size = A.row(i).norm(); size > 0) rows.row(i) /= size;
  auto qr = rows.transpose().colPivHouseholderQr();
  qr.setThreshold(1e-11);
  return qr.rank();
}

Vector<double> squared_singular_values(const Matrix<double>& A) {
  const Matrix<double> squares = A.transpose() * A;
  return Eigen::SelfAdjointEigenSolver<Matrix<double>>(squares, Eigen::EigenvaluesOnly).eigenvalues();
}

}  // namespace palimpsest::reference
