// G ← α G + β k kᵀ,  H ← α H + β v kᵀ,  y = H (G + Λ)⁻¹ q: least squares over all writes, which fade and weigh as their gates
// say. Λ = diag(λ), λ = 0.25 + softplus(learnt) once for all writes, or a number.
// Source: von Oswald et al. 2025, "MesaNet" (arXiv 2506.05233), eq. 5. rule/mesa_system.hpp has coefficients and adjoint.
#pragma once

#include "palimpsest/rule/factor_rule.hpp"
#include "palimpsest/rule/mesa_system.hpp"
#include "palimpsest/rule/rls.hpp"

namespace palimpsest {

template <class T>
struct MesaRule {
  static constexpr std::string_view name = "mesa";
  static constexpr std::string_view summary = "least squares over writes that fade, with a learnt ridge (MesaNet)";
  static constexpr std::array gates{
      kBeta, kAlpha,
      Gate{
          .name = "ridge", .meaning = "regulariser per feature", .per_feature = true, .constant = true, .least = 0.25}};
  static constexpr RuleTraits traits{.refuses_divisor = kSolvedForItsReadOut, .more_state = gram_floats};
  static Index steps_per_write() { return 1; }

  static Operations operations(const RuleShape& x) { return least_squares_operations(x); }

  struct Workspace {
    MesaSystem system;
    MesaGates<T> gates, dgates;
  };

  void coefficients(ConstMatrixView<T> K, const Writes<T>& writes, ConstMatrixView<T> Q, std::span<const Index> seen,
                    MatrixView<T> C, Workspace& work) const {
    work.gates = {log_of(writes.gates[1]).reshaped(), writes.gate(0), writes.gate(2)};
    mesa_coefficients<T>(K, work.gates, Q, seen, C, work.system);
  }

  void backward(ConstMatrixView<T> K, const Writes<T>& writes, ConstMatrixView<T>, std::span<const Index>,
                ConstMatrixView<T> dC, Workspace& work, MatrixView<T> dK, Writes<T>& dwrites, MatrixView<T> dQ) const {
    work.dgates = {Vector<T>::Zero(K.cols()), Vector<T>::Zero(K.cols()), Vector<T>::Zero(K.rows())};
    dK.setZero();
    mesa_backward<T>(dC, work.system, dK, work.dgates, dQ);
    dwrites.gate(0) += work.dgates.beta;
    log_of_backward<T>(writes.gates[1], work.dgates.log_alpha.transpose(), dwrites.gates[1]);
    dwrites.gate(2) += work.dgates.lambda;
  }

  void carry(ConstVectorView<T> k, ConstVectorView<T> v, const Writes<T>& write, Carried<T>& state,
             WriteEffect<T>* effect) const {
    carry_least_squares<T>(k, v, write.gate(1)(0), write.gate(0)(0), write.gate(2), state, effect);
  }
  void solve(const Writes<T>& write, const Carried<T>& state, Matrix<T>& W) const {
    solve_least_squares<T>(write.gate(2), state, W);
  }
};

}  // namespace palimpsest
