// W = argmin Σ_t ‖v_t − W k_t‖² + λ‖W‖² = V Kᵀ G⁻¹,  G = K Kᵀ + λ I,  y = W q:   C = Kᵀ G⁻¹ Q.
// Recursive least squares, here in one solve: the best that a linear memory of p features can do for all writes with
// equal weight. λ = 1e-6 only keeps G regular. It knows no order: a key written twice answers with the mean.
// Source: von Oswald et al. 2025, "MesaNet" (arXiv 2506.05233), eq. 5, with α = β = 1.
//
// Adjoint, with u = G⁻¹ q, r = G⁻¹ K dc:   dK = u dcᵀ − (r uᵀ + u rᵀ) K ,   dq = r .
#pragma once

#include <Eigen/Cholesky>

#include "palimpsest/rule/rule.hpp"

namespace palimpsest {

template <class T>
struct RecursiveLeastSquares {
  static constexpr std::string_view name = "rls";
  static constexpr std::string_view summary = "least squares over all writes: the optimum of a linear memory (MesaNet)";
  static constexpr bool separable = false, uses_strength = false, uses_decay = false, retrieves = false, knows_order = false;
  static constexpr double largest_strength = 1;
  static Index steps_a_write() { return 1; }

  double ridge = 1e-6;  ///< λ

  struct Workspace {
    Matrix<double> K, U, R, dC;  // G's condition is beyond single precision
    Eigen::LLT<Matrix<double>> factor;
  };

  void coefficients(ConstMatrixView<T> K, const Writes<T>&, ConstMatrixView<T> Q, MatrixView<T> C, Workspace& work) const {
    work.K = K.template cast<double>();
    Matrix<double> G = ridge * Matrix<double>::Identity(K.rows(), K.rows());
    G.template selfadjointView<Eigen::Lower>().rankUpdate(work.K);
    work.factor.compute(G);
    work.U = work.factor.solve(Q.template cast<double>());
    C = (work.K.transpose() * work.U).template cast<T>();
  }

  void backward(ConstMatrixView<T>, const Writes<T>&, ConstMatrixView<T>, ConstMatrixView<T>, ConstMatrixView<T> dC,
                Workspace& work, MatrixView<T> dK, Writes<T>&, MatrixView<T> dQ) const {
    work.dC = dC.template cast<double>();
    work.R = work.factor.solve(work.K * work.dC);
    dK = (work.U * (work.dC - work.K.transpose() * work.R).transpose() - work.R * (work.K.transpose() * work.U).transpose())
             .template cast<T>();
    dQ += work.R.template cast<T>();
  }
};

}  // namespace palimpsest
