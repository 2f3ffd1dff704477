#include "palimpsest/rule/least_squares.hpp"

#include <Eigen/Cholesky>
#include <Eigen/QR>
#include <cmath>

namespace palimpsest {
namespace {

/// A Cholesky decomposition subtracts from each entry of the diagonal what the rows above explain. If this share of it,
/// or less, is left, rounding of the entry is more than 2e-8 of that, a third of what single precision rounds to.
constexpr double kLeastPivot = 1e-8;

/// F of A = F Fᵀ, lower, in place of A, which has its lower half; whether it is as precise as kLeastPivot says.
bool decompose(Matrix<double>& A) {
  const Vector<double> diagonal = A.diagonal();
  if (Eigen::LLT<Eigen::Ref<Matrix<double>>>(A).info() != Eigen::Success) return false;
  return (A.diagonal().array().square() > kLeastPivot * diagonal.array()).all();
}

}  // namespace

void LeastSquares::solve(Matrix<double> K, const Matrix<double>& Q, double ridge, Matrix<double>& C) {
  K_ = std::move(K);
  by_writes_ = K_.cols() < K_.rows();
  const Index n = std::min(K_.rows(), K_.cols());
  factor_ = ridge * Matrix<double>::Identity(n, n);
  if (by_writes_)
    factor_.selfadjointView<Eigen::Lower>().rankUpdate(K_.transpose());
  else
    factor_.selfadjointView<Eigen::Lower>().rankUpdate(K_);
  decompose_and_answer(Q, ridge, C);
}

void LeastSquares::solve(Matrix<double> K, Matrix<double> gram, const Matrix<double>& Q, double ridge,
                         Matrix<double>& C) {
  K_ = std::move(K);
  by_writes_ = K_.cols() < K_.rows();
  factor_ = std::move(gram);
  factor_.diagonal().array() += ridge;
  decompose_and_answer(Q, ridge, C);
}

void LeastSquares::decompose_and_answer(const Matrix<double>& Q, double ridge, Matrix<double>& C) {
  const Index n = factor_.rows();
  basis_.resize(0, 0);
  if (!decompose(factor_)) {
    const Index rows = std::max(K_.rows(), K_.cols());
    Matrix<double> stacked(rows + n, n);
    stacked.topRows(rows) = by_writes_ ? K_ : Matrix<double>(K_.transpose());
    stacked.bottomRows(n) = std::sqrt(ridge) * Matrix<double>::Identity(n, n);
    const Eigen::HouseholderQR<Matrix<double>> qr(stacked);
    factor_ = qr.matrixQR().topRows(n).triangularView<Eigen::Upper>().transpose();
    basis_ = (qr.householderQ() * Matrix<double>::Identity(rows + n, n)).topRows(rows);
  }
  if (by_writes_) {
    C_ = inverse_times(Q);
    left_ = Q - K_ * C_;
  } else {
    left_ = Q;
    divide(left_);
    C_ = basis_.size() > 0 ? times_inverse(Q) : Matrix<double>(K_.transpose() * left_);
  }
  C = C_;
}

void LeastSquares::backward(const Matrix<double>& dC, Matrix<double>& dK, Matrix<double>& dQ) const {
  Matrix<double> right;
  backward_in_parts(dC, dQ, right);
  dK.noalias() = left_ * right.transpose() - dQ * C_.transpose();
}

void LeastSquares::backward_in_parts(const Matrix<double>& dC, Matrix<double>& dQ, Matrix<double>& rest) const {
  if (by_writes_) {
    rest = dC;
    divide(rest);
    dQ = basis_.size() > 0 ? times_inverse(dC) : Matrix<double>(K_ * rest);
  } else {
    dQ = inverse_times(dC);
    rest = dC - K_.transpose() * dQ;
  }
}

void LeastSquares::divide(Matrix<double>& X) const {
  factor_.triangularView<Eigen::Lower>().solveInPlace(X);
  factor_.triangularView<Eigen::Lower>().adjoint().solveInPlace(X);
}

Matrix<double> LeastSquares::times_inverse(const Matrix<double>& X) const {
  Matrix<double> half = X;
  factor_.triangularView<Eigen::Lower>().solveInPlace(half);
  return basis_ * half;
}

Matrix<double> LeastSquares::inverse_times(const Matrix<double>& X) const {
  if (basis_.size() > 0) {
    Matrix<double> half = basis_.transpose() * X;
    factor_.triangularView<Eigen::Lower>().adjoint().solveInPlace(half);
    return half;
  }
  Matrix<double> whole;
  if (by_writes_)
    whole.noalias() = K_.transpose() * X;
  else
    whole.noalias() = K_ * X;
  divide(whole);
  return whole;
}

}  // namespace palimpsest
