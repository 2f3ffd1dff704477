// C = Kᵀ (K Kᵀ + λ I)⁻¹ Q, and its adjoint; the sizes' smaller side is solved:
//   H = KᵀK + λ I:   C = H⁻¹ KᵀQ .
// rule/rls.hpp derives both.
#pragma once

#include "palimpsest/core/types.hpp"

namespace palimpsest {

/// The solve and its adjoint, in double: G's condition is beyond single precision. By a Cholesky decomposition of G or H;
/// where that would lose more than single precision has, as for long keys that repeat, by a QR decomposition of [Kᵀ; √λ I]
/// or [K; √λ I], whose condition is the root of theirs.
class LeastSquares {
 public:
  /// C = Kᵀ (K Kᵀ + λ I)⁻¹ Q. K: p×L, Q: p×N, C: L×N; λ > 0.
  void solve(Matrix<double> K, const Matrix<double>& Q, double ridge, Matrix<double>& C);
  /// The same where the lower half of KᵀK (if L < p) or K Kᵀ is known already.
  void solve(Matrix<double> K, Matrix<double> gram, const Matrix<double>& Q, double ridge, Matrix<double>& C);
  /// After solve. dC: L×N; dK, dQ are overwritten.
  void backward(const Matrix<double>& dC, Matrix<double>& dK, Matrix<double>& dQ) const;

  /// After solve with λ = 1, the parts of dK = U restᵀ − dQ Cᵀ:  C;  U = G⁻¹ Q = Q − K C, p×N;  and of dC (L×N) what dQ
  /// leaves, rest = H⁻¹ dC = dC − Kᵀ dQ, L×N. dQ and rest are overwritten.
  const Matrix<double>& coefficients() const { return C_; }
  const Matrix<double>& solution() const { return left_; }
  void backward_in_parts(const Matrix<double>& dC, Matrix<double>& dQ, Matrix<double>& rest) const;

 private:
  /// Once K_, by_writes_ and factor_ = G or H (its lower half) are there.
  void decompose_and_answer(const Matrix<double>& Q, double ridge, Matrix<double>& C);
  /// H⁻¹ X or G⁻¹ X in place.
  void divide(Matrix<double>& X) const;
  /// A (AᵀA + λ I)⁻¹ X and (AᵀA + λ I)⁻¹ Aᵀ X, A = Kᵀ (by features) or K (by writes).
  Matrix<double> times_inverse(const Matrix<double>& X) const;
  Matrix<double> inverse_times(const Matrix<double>& X) const;

  bool by_writes_ = false;             // H is solved, not G
  Matrix<double> K_, factor_, basis_;  // G or H = factor factorᵀ; basis = A factor⁻ᵀ of a QR decomposition, else empty
  Matrix<double> C_, left_;            // L×N, and p×N: U = G⁻¹ Q, or Q − K C if by writes
};

}  // namespace palimpsest
