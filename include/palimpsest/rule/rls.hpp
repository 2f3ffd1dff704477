// W = argmin Σ_t ‖v_t − W k_t‖² + λ‖W‖² = V Kᵀ G⁻¹,  G = K Kᵀ + λ I,  y = W q:   C = Kᵀ G⁻¹ Q.
// Recursive least squares, here in one solve: the best that a linear memory of p features can do for all writes with
// equal weight. λ = 1e-6 only keeps G regular. It knows no order: a key written twice answers with the mean.
// Source: von Oswald et al. 2025, "MesaNet" (arXiv 2506.05233), eq. 5, with α = β = 1.
//
// With fewer writes than features the same is had from the smaller matrix H = KᵀK + λI:   C = H⁻¹ KᵀQ.
// Adjoint:   dq = G⁻¹ K dc = K H⁻¹ dc ,   dK = u (dc − Kᵀ dq)ᵀ − dq cᵀ = (q − K c) (H⁻¹ dc)ᵀ − dq cᵀ ,   u = G⁻¹ q .
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "palimpsest/rule/carried_least_squares.hpp"
#include "palimpsest/rule/mesa_system.hpp"
#include "palimpsest/rule/rule.hpp"

namespace palimpsest {

/// In double: a Gram matrix of the smaller side n, its Cholesky decomposition, two triangular solves per query, and C; back
/// K dC, two solves, and four more products of that size.
inline Operations least_squares_operations(const RuleShape& x) {
  const double n = std::min(x.L, x.p), system = n * x.L * x.p + n * n * n / 3, solve = 2 * n * n * x.N;
  const double product = 2 * x.L * x.p * x.N;
  return {kInDouble * (system + solve + product), kInDouble * (solve + 5 * product)};
}

/// Why no normalisation may divide the read-out of such a rule.
inline constexpr std::string_view kSolvedForItsReadOut =
    "rule '{0}' is solved for its read-out, which normalization '{1}' would divide";

/// Floats of G, which such a rule keeps beside W.
constexpr Index gram_floats(Index p, Index) { return p * p; }

template <class T>
struct RecursiveLeastSquares {
  static constexpr std::string_view name = "rls";
  static constexpr std::string_view summary = "least squares over all writes: the optimum of a linear memory (MesaNet)";
  static constexpr std::array<Gate, 0> gates{};
  static constexpr RuleTraits traits{
      .knows_order = false, .refuses_divisor = kSolvedForItsReadOut, .more_state = gram_floats};
  static Index steps_per_write() { return 1; }

  static Operations operations(const RuleShape& x) { return least_squares_operations(x); }

  double ridge = 1e-6;  ///< λ

  struct Workspace {
    LeastSquares system;
    Matrix<double> C, dK, dQ;
    MesaSystem positions;
    MesaGates<T> none;  // log α = 0, β = 1
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

  // Of queries that see different numbers of writes: mesa without its gates.
  void coefficients(ConstMatrixView<T> K, const Writes<T>&, ConstMatrixView<T> Q, std::span<const Index> seen,
                    MatrixView<T> C, Workspace& work) const {
    work.none = {Vector<T>::Zero(K.cols()), Vector<T>::Ones(K.cols()), lambda(K.rows())};
    mesa_coefficients<T>(K, work.none, Q, seen, C, work.positions);
  }

  void backward(ConstMatrixView<T>, const Writes<T>&, ConstMatrixView<T>, std::span<const Index>, ConstMatrixView<T> dC,
                Workspace& work, MatrixView<T> dK, Writes<T>&, MatrixView<T> dQ) const {
    MesaGates<T> unused = work.none;
    dK.setZero();
    mesa_backward<T>(dC, work.positions, dK, unused, dQ);
  }

  void carry(ConstVectorView<T> k, ConstVectorView<T> v, const Writes<T>&, Carried<T>& state,
             WriteEffect<T>* effect) const {
    carry_least_squares<T>(k, v, T(1), T(1), lambda(k.size()), state, effect);
  }
  void solve(const Writes<T>&, const Carried<T>& state, Matrix<T>& W) const {
    solve_least_squares<T>(lambda(state.more.rows()), state, W);
  }

 private:
  Vector<T> lambda(Index p) const { return Vector<T>::Constant(p, static_cast<T>(ridge)); }
};

}  // namespace palimpsest
