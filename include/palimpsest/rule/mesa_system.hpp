// G_t = α_t G_{t−1} + β_t k_t k_tᵀ ,  H_t = α_t H_{t−1} + β_t v_t k_tᵀ ,  y_n = H_r (G_r + Λ)⁻¹ q_n ,  Λ = diag(λ):
// least squares in which writes fade and weigh differently, for a query n that sees the first r = after[n] writes:
//   u_n = (G_r + Λ)⁻¹ q_n ,   c_{t,n} = s_t k_t·u_n ,   s_t = β_t π_t ,   π_t = α_{t+1} … α_r ,   0 for t > r.
// Source: von Oswald et al. 2025, "MesaNet" (arXiv 2506.05233). With α = β = 1 and one λ it is rule/rls.hpp.
//
// By w_t = √s_t, keys w_t Λ^(−½) k_t and queries Λ^(−½) q_n it is always rule/rls.hpp's problem, with λ = 1, whose
// coefficients then are c_{t,n}/w_t.
// Adjoint, with z_n = (G_r + Λ)⁻¹ Σ_t s_t dc_{t,n} k_t and rest_{t,n} = dc_{t,n} − k_t·z_n:
//   dq_n = z_n ,   dλ_i = −Σ_n z_{i,n} u_{i,n} ,   dk_t = s_t Σ_n (rest_{t,n} u_n − (k_t·u_n) z_n) ,
//   ds_t = Σ_n (k_t·u_n) rest_{t,n} ,   dβ_t = π_t ds_t ,   dlog α_j = Σ_{t<j≤r} s_t ds_t .
// s_t ds_t is a product of what the scaled problem knows. Divided by s_t it is ds_t, but not where s_t is 0 or nearly so:
// writes that weigh less than the ridge, s_t k_tᵀ Λ⁻¹ k_t < 1, have ds_t from k_t·u_n and k_t·z_n, which lose digits only
// where a write weighs more.
#pragma once

#include <span>
#include <vector>

#include "palimpsest/rule/least_squares.hpp"
#include "palimpsest/rule/position.hpp"

namespace palimpsest {

/// What the rule knows beside keys. Also its gradients.
template <class T>
struct MesaGates {
  Vector<T> log_alpha;  ///< L, log α_t ≤ 0 (−∞: all before is forgotten)
  Vector<T> beta;       ///< L, β_t ≥ 0
  Vector<T> lambda;     ///< p, λ_i > 0
};

template <class T>
struct MesaGradient {
  Matrix<T> K;  // p×L
  MesaGates<T> gates;
  Matrix<T> Q;  // p×N
};

/// The coefficients and their adjoint, in double for the sake of G's condition. Each position r at which queries are asked
/// needs a decomposition of its own, of size min(r, p). A system holds what its backward needs: keys, queries, and the
/// decomposition if there is only one; of several positions backward makes them anew, rather than hold p² numbers each.
class MesaSystem {
 public:
  /// K: p×L, Q: p×N, after: N, each of 0 … L in any order, or empty if all queries come at the end; C: L×N.
  void solve(const Matrix<double>& K, const MesaGates<double>& gates, const Matrix<double>& Q,
             std::span<const Index> after, Matrix<double>& C);
  /// After solve, as often as wanted. dC: L×N, of which only t < after[n] counts.
  MesaGradient<double> backward(const Matrix<double>& dC) const;

 private:
  /// Queries that see equally many writes.
  struct Position {
    Index seen;
    std::vector<Index> queries;
  };
  struct Weights;
  class Sweep;

  Matrix<double> keys_, queries_;  // p×L, p×N: Λ^(−½) K, Λ^(−½) Q
  Vector<double> lengths_;         // L, k_tᵀ Λ⁻¹ k_t
  MesaGates<double> gates_;
  std::vector<Position> positions_;  // fewest writes first, none without a write
  LeastSquares only_;                // of the position, if it is the only one
};

/// C of keys and queries in any precision. `kept` belongs to the caller, one for each call that backward shall follow.
template <class T>
void mesa_coefficients(ConstMatrixView<T> K, const MesaGates<T>& gates, ConstMatrixView<T> Q,
                       std::span<const Index> after, MatrixView<T> C, MesaSystem& kept) {
  Matrix<double> in_double;
  kept.solve(K.template cast<double>(),
             {gates.log_alpha.template cast<double>(), gates.beta.template cast<double>(),
              gates.lambda.template cast<double>()},
             Q.template cast<double>(), after, in_double);
  C = in_double.template cast<T>();
}

/// After mesa_coefficients; dK (p×L), dgates and dQ (p×N) accumulate.
template <class T>
void mesa_backward(ConstMatrixView<T> dC, const MesaSystem& kept, MatrixView<T> dK, MesaGates<T>& dgates,
                   MatrixView<T> dQ) {
  const MesaGradient<double> d = kept.backward(dC.template cast<double>());
  dK += d.K.template cast<T>();
  dgates.log_alpha += d.gates.log_alpha.template cast<T>();
  dgates.beta += d.gates.beta.template cast<T>();
  dgates.lambda += d.gates.lambda.template cast<T>();
  dQ += d.Q.template cast<T>();
}

}  // namespace palimpsest
