// W = argmin Σ_t ‖v_t − W k_t‖² + λ‖W‖² = V Kᵀ G⁻¹,  G = K Kᵀ + λ I,  y = W q:   C = Kᵀ G⁻¹ Q.
// Recursive least squares, here in one solve: the best that a linear memory of p features can do for all writes with
// equal weight. λ = 1e-6 only keeps G regular. It knows no order: a key written twice answers with the mean.
// Source: von Oswald et al. 2025, "MesaNet" (arXiv 2506.05233), eq. 5, with α = β = 1.
//
// With fewer writes than features the same is had from the smaller matrix H = KᵀK + λI:   C = H⁻¹ KᵀQ.
// Adjoint:   dq = G⁻¹ K dc = K H⁻¹ dc ,   dK = u (dc − Kᵀ dq)ᵀ − dq cᵀ = (q − K c) (H⁻¹ dc)ᵀ − dq cᵀ ,   u = G⁻¹ q .
#pragma once

#include <algorithm>

#include "palimpsest/rule/rule.hpp"

namespace palimpsest {

/// The solve and its adjoint, in double: G's condition is beyond single precision. By a Cholesky decomposition of G or H;
/// where that would lose more than single precision has, as for long keys that repeat, by a QR decomposition of [Kᵀ; √λ I]
/// or [K; √λ I], whose condition is the root of theirs.
class LeastSquares {
 public:
  /// C = Kᵀ (K Kᵀ + λ I)⁻¹ Q. K: p×L, Q: p×N, C: L×N; λ > 0.
  void solve(Matrix<double> K, const Matrix<double>& Q, double ridge, Matrix<double>& C);
  /// After solve. dC: L×N; dK, dQ are overwritten.
  void backward(const Matrix<double>& dC, Matrix<double>& dK, Matrix<double>& dQ) const;

 private:
  /// H⁻¹ X or G⁻¹ X in place.
  void divide(Matrix<double>& X) const;
  /// A (AᵀA + λ I)⁻¹ X and (AᵀA + λ I)⁻¹ Aᵀ X, A = Kᵀ (by features) or K (by writes).
  Matrix<double> times_inverse(const Matrix<double>& X) const;
  Matrix<double> inverse_times(const Matrix<double>& X) const;

  bool by_writes_ = false;             // H is solved, not G
  Matrix<double> K_, factor_, basis_;  // G or H = factor factorᵀ; basis = A factor⁻ᵀ of a QR decomposition, else empty
  Matrix<double> C_, left_;            // L×N, and p×N: U = G⁻¹ Q, or Q − K C if by writes
};

template <class T>
struct RecursiveLeastSquares {
  static constexpr std::string_view name = "rls";
  static constexpr std::string_view summary = "least squares over all writes: the optimum of a linear memory (MesaNet)";
  static constexpr bool separable = false, in_blocks = false, uses_strength = false, uses_decay = false,
                        retrieves = false, knows_order = false;
  static constexpr double largest_strength = 1;
  static Index steps_a_write() { return 1; }
  static Index more_state(Index p) { return p * p; }  // G, beside W

  // In double: a Gram matrix of the smaller side n, its Cholesky decomposition, two triangular solves per query, and C;
  // back K dC, two solves, and four more products of that size.
  static Operations operations(const RuleShape& x) {
    const double n = std::min(x.L, x.p), system = n * x.L * x.p + n * n * n / 3, solve = 2 * n * n * x.N;
    const double product = 2 * x.L * x.p * x.N;
    return {kInDouble * (system + solve + product), kInDouble * (solve + 5 * product)};
  }

  double ridge = 1e-6;  ///< λ

  struct Workspace {
    LeastSquares system;
    Matrix<double> C, dK, dQ;
  };

  void coefficients(ConstMatrixView<T> K, const Writes<T>&, ConstMatrixView<T> Q, MatrixView<T> C,
                    Workspace& work) const {
    work.system.solve(K.template cast<double>(), Q.template cast<double>(), ridge, work.C);
    C = work.C.template cast<T>();
  }

  void backward(Index, ConstMatrixView<T>, const Writes<T>&, ConstMatrixView<T>, ConstMatrixView<T>,
                ConstMatrixView<T> dC, Workspace& work, MatrixView<T> dK, Writes<T>&, MatrixView<T> dQ) const {
    work.system.backward(dC.template cast<double>(), work.dK, work.dQ);
    dK = work.dK.template cast<T>();
    dQ += work.dQ.template cast<T>();
  }
};

}  // namespace palimpsest
