#include "palimpsest/rule/rls.hpp"

#include <Eigen/Cholesky>

namespace palimpsest {
namespace {

/// G⁻¹ X in place.
void solve_in_place(const Matrix<double>& factor, Matrix<double>& X) {
  factor.triangularView<Eigen::Lower>().solveInPlace(X);
  factor.triangularView<Eigen::Lower>().adjoint().solveInPlace(X);
}

}  // namespace

void LeastSquares::solve(Matrix<double> K, const Matrix<double>& Q, double ridge, Matrix<double>& C) {
  K_ = std::move(K);
  factor_ = ridge * Matrix<double>::Identity(K_.rows(), K_.rows());
  factor_.selfadjointView<Eigen::Lower>().rankUpdate(K_);
  Eigen::LLT<Eigen::Ref<Matrix<double>>> in_place(factor_);
  U_ = Q;
  solve_in_place(factor_, U_);
  C.noalias() = K_.transpose() * U_;
}

// r = G⁻¹ K dc,  dK = u dcᵀ − (r uᵀ + u rᵀ) K,  dq = r.
void LeastSquares::backward(const Matrix<double>& dC, Matrix<double>& dK, Matrix<double>& dQ) const {
  dQ.noalias() = K_ * dC;
  solve_in_place(factor_, dQ);
  dK.noalias() = U_ * (dC - K_.transpose() * dQ).transpose() - dQ * (K_.transpose() * U_).transpose();
}

}  // namespace palimpsest
