// The state of least squares, carried write by write:
//   H ← α H + β v kᵀ ,   G ← α G + β k kᵀ ,   W = H (G + Λ)⁻¹ ,   Λ = diag(λ) ,
// what rule/mesa_system.hpp answers from the queries' side. H (d_v×p) and G (p×p) are kept, and W solved from them in double, O(p³)
// whenever it is asked for. Where λ is less than what is rounded off G, as 1e-6 is in few bits, directions that no key has
// taken are solved from what rounding left there.
// A write does to the answer to its own key, with s_t = kᵀ (G_t + Λ)⁻¹ k,
//   written = β s_t ,   kept = α s_t / s_{t−1} ,
// 1 − written where α = 1; else kept is what is left of a value stored along the key, and what other keys stored answers with
// another. Source: von Oswald et al. 2025, "MesaNet" (arXiv 2506.05233), eq. 5.
#pragma once

#include <Eigen/Cholesky>

#include "palimpsest/rule/carried.hpp"

namespace palimpsest {

/// lambda: p. Not only for positive definite matrices, which rounding may take G from: with pivots, and signs of its own.
template <class T>
Eigen::LDLT<Matrix<double>> regularized(const Carried<T>& state, const Vector<T>& lambda) {
  Matrix<double> G = state.more.template cast<double>();
  G.diagonal() += lambda.template cast<double>();
  return Eigen::LDLT<Matrix<double>>(G);
}

/// One write with the gates α and β; lambda: p.
template <class T>
void carry_least_squares(ConstVectorView<T> k, ConstVectorView<T> v, T alpha, T beta, const Vector<T>& lambda,
                         Carried<T>& state, WriteEffect<T>* effect) {
  const auto along_key = [&] {
    const Vector<double> in_double = k.template cast<double>();
    return in_double.dot(regularized(state, lambda).solve(in_double));
  };
  if (state.writes == 0) state.more.setZero(k.size(), k.size());
  const double before = effect ? along_key() : 0;
  state.values *= alpha;
  state.values.noalias() += beta * v * k.transpose();
  state.more *= alpha;
  state.more.noalias() += beta * k * k.transpose();
  if (!effect) return;
  const double after = along_key();
  *effect = {static_cast<T>(beta * after), static_cast<T>(alpha * after / before)};
}

/// W: d_v×p.
template <class T>
void solve_least_squares(const Vector<T>& lambda, const Carried<T>& state, Matrix<T>& W) {
  const Matrix<double> Ht = state.values.template cast<double>().transpose();
  W = regularized(state, lambda).solve(Ht).transpose().template cast<T>();
}

}  // namespace palimpsest
