// v̄ = W k,  M = W + β (v − v̄) kᵀ,  W ← M / max(1, ‖M‖_F),  y = LayerNorm(W q) without affine (ε = 1e-5). The first
// write is W = β v kᵀ, and its norm stays as it is.
// Source: Schlag, Munkhdalai, Schmidhuber 2021, "Learning associative inference using fast weight memory"
// (arXiv 2011.07831), as the 2021 synthetic code has it: 1 + relu(‖M‖ − 1) is the divisor.
//
// The norm and the read-out aren't linear in the values, so there are no coefficients: the state W (S×p) is carried
// through the writes, O(L·p·S), and
//   answers(K, writes, values, Q, Y, workspace)             Y: S×N
//   backward(K, writes, values, Q, dY, workspace,           after answers; dK is overwritten, dwrites and dQ accumulate
//            dK, dwrites, dQ)
//
// A chunk of writes goes together, as products of matrices. From W₀ at its start, with e = v − v̄ and n = max(1, ‖M‖),
//   W_t = g_t W₀ + Σ_{r≤t} A_{r,t} e_r k_rᵀ,   A_{t,t} = β_t/n_t,  A_{r,t} = A_{r,t−1}/n_t,  g_t = g_{t−1}/n_t,
//   v̄_t = g_{t−1} W₀ k_t + Σ_{r<t} A_{r,t−1} (k_r·k_t) e_r,   ‖M‖² = ‖W‖² + 2β e·v̄ + β² ‖e‖² ‖k‖²,
// without a look at W_t; `carry` does look, write by write. The adjoint, from D at the chunk's end, has the same form,
//   dM_t = a D + ω W₀ + Σ_r κ_r e_r k_rᵀ + Σ_{s>t} φ_s f_s k_sᵀ,   f_t = β_t dM_t k_t,  dW_{t−1} = dM_t − f_t k_tᵀ,
//   dM_t = (dW_t − c_t W_t)/n_t where the norm is clamped,   c_t = ⟨W_t, dW_t⟩,
//   c_{t−1} = ⟨M_t, dM_t⟩ − β_t v_t·dM_t k_t,   ⟨M_t, dM_t⟩ = c_t, or 0 where clamped,
//   dβ_t = e_t·dM_t k_t,   dk_t = β_t dM_tᵀ e_t − W_{t−1}ᵀ f_t.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "palimpsest/rule/carried.hpp"

namespace palimpsest {

/// A rule that has answers and no coefficients.
template <class R>
concept StateRule = AnyRule<R> && !R::traits.linear_in_values;

template <class T>
struct Fwm2021Rule {
  static constexpr std::string_view name = "fwm2021";
  static constexpr std::string_view summary = "delta with a clamped norm and a layer-normalised read-out (FWM)";
  static constexpr std::array gates{kBeta};
  static constexpr RuleTraits traits{
      .retrieves = true,
      .linear_in_values = false,
      .refuses_divisor =
          "the read-out of rule '{0}' is layer-normalised, which undoes the divisor of normalization '{1}'"};
  static Index steps_per_write() { return 1; }

  // Per write with the state of S×p: W₀k and the update, 2 each, and the norm, the factor g and what else is done once
  // per chunk of C; back D k, two terms of dk and the update of D, 2 each. Within a chunk: products of keys, 2p a pair,
  // and of errors, 2S a pair. Per query: the read-out and its normalisation; back D and dq.
  static Operations operations(const RuleShape& x) {
    const double C = std::min<double>(kChunk, x.L), state = x.S * x.p;
    return {x.L * (4 * state + 3 * state / C + 2 * x.p * C + x.S * (C + 4)) + x.N * (2 * state + 6 * x.S),
            x.L * (8 * state + 3 * state / C + 4 * x.p * C + 7 * x.S * C) + x.N * (4 * state + 6 * x.S) + 2 * state};
  }

  struct Workspace {
    Matrix<T> W, dW;              // S×p
    Matrix<T> errors, of_start;   // S×L, e_t and W₀ k_t
    Vector<T> norms;              // L, n_t
    std::vector<Matrix<T>> kept;  // W₀ of each chunk
    Matrix<T> normalized;         // S×N, y
    Vector<T> spread;             // N, √(variance + ε)
    Matrix<T> F;                  // S×C, f_t of a chunk of C writes
  };

  void answers(ConstMatrixView<T> K, const Writes<T>& writes, const std::vector<int>& values, ConstMatrixView<T> Q,
               MatrixView<T> Y, Workspace& work) const {
    const Index S = Y.rows(), L = K.cols();
    work.W.setZero(S, K.rows());
    work.errors.resize(S, L);
    work.of_start.resize(S, L);
    work.norms.resize(L);
    work.kept.resize(static_cast<std::size_t>((L + kChunk - 1) / kChunk));
    for (Index first = 0; first < L; first += kChunk) write_chunk(K, writes, values, first, work);
    Y.noalias() = work.W * Q;
    work.spread.resize(Q.cols());
    for (Index n = 0; n < Q.cols(); ++n) work.spread(n) = layer_norm(Y.col(n));
    work.normalized = Y;
  }

  void backward(ConstMatrixView<T> K, const Writes<T>& writes, const std::vector<int>& values, ConstMatrixView<T> Q,
                ConstMatrixView<T> dY, Workspace& work, MatrixView<T> dK, Writes<T>& dwrites, MatrixView<T> dQ) const {
    // y = (a − mean a)/σ:  da = (dy − mean dy − y · mean(dy ⊙ y))/σ
    Matrix<T> da = dY;
    for (Index n = 0; n < Q.cols(); ++n) {
      const auto y = work.normalized.col(n);
      const T mean = dY.col(n).mean(), along = dY.col(n).dot(y) / static_cast<T>(y.size());
      da.col(n).array() = (dY.col(n).array() - mean - along * y.array()) / work.spread(n);
    }
    work.dW.noalias() = da * Q.transpose();
    dQ.noalias() += work.W.transpose() * da;
    T c = work.W.cwiseProduct(work.dW).sum();
    for (Index first = (K.cols() - 1) / kChunk * kChunk; first >= 0; first -= kChunk)
      c = write_chunk_backward(K, writes, values, first, c, work, dK, dwrites);
  }

  /// W. Both shares are those of W k, before the read-out is normalised.
  void carry(ConstVectorView<T> k, ConstVectorView<T> v, const Writes<T>& write, Carried<T>& state,
             WriteEffect<T>* effect) const {
    Matrix<T>& W = state.values;
    const T beta = write.gate(0)(0), along = beta * k.squaredNorm();
    const Vector<T> error = v - W * k;
    W.noalias() += beta * error * k.transpose();
    const T n = state.writes == 0 ? T(1) : std::max(T(1), W.norm());
    W /= n;
    if (effect) *effect = {along / n, (1 - along) / n};
  }

  void read_out(VectorView<T> y) const { layer_norm(y); }

 private:
  /// In place; √(variance + ε).
  static T layer_norm(VectorView<T> y) {
    y.array() -= y.mean();
    const T spread = std::sqrt(y.squaredNorm() / static_cast<T>(y.size()) + kLayerNormEpsilon);
    y /= spread;
    return spread;
  }

  static constexpr Index kChunk = 16;
  static constexpr T kLayerNormEpsilon = T(1e-5);
  using Small = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, 0, kChunk, kChunk>;
  using Few = Eigen::Matrix<T, Eigen::Dynamic, 1, 0, kChunk, 1>;

  static void write_chunk(ConstMatrixView<T>& K, const Writes<T>& writes, const std::vector<int>& values, Index first,
                          Workspace& work) {
    const Index count = std::min(kChunk, K.cols() - first);
    const auto k = K.middleCols(first, count);
    auto e = work.errors.middleCols(first, count), of_start = work.of_start.middleCols(first, count);
    work.kept[first / kChunk] = work.W;
    of_start.noalias() = work.W * k;
    const Small overlap = k.transpose() * k;
    Few a = Few::Zero(count);
    T g = 1, square = work.W.squaredNorm();  // ‖W‖²
    for (Index i = 0; i < count; ++i) {
      const T beta = writes.gate(0)(first + i);
      e.col(i) = -g * of_start.col(i);
      e.col(i).noalias() -= e.leftCols(i) * a.head(i).cwiseProduct(overlap.col(i).head(i));  // −v̄
      const T retrieved = -e(values[first + i], i), length = e.col(i).squaredNorm();         // v·v̄, ‖v̄‖²
      e(values[first + i], i) += T(1);
      // e·v̄ = v·v̄ − ‖v̄‖²
      square += 2 * beta * (retrieved - length) + beta * beta * e.col(i).squaredNorm() * overlap(i, i);
      const T n = first + i == 0 ? T(1) : std::max(T(1), std::sqrt(square));
      work.norms(first + i) = n;
      square /= n * n;
      a(i) = beta;
      a /= n;
      g /= n;
    }
    const Matrix<T> weighted = e * a.asDiagonal();
    work.W *= g;
    work.W.noalias() += weighted * k.transpose();
  }

  /// c at the chunk's end to c at its start, dW likewise.
  static T write_chunk_backward(ConstMatrixView<T>& K, const Writes<T>& writes, const std::vector<int>& values,
                                Index first, T c, Workspace& work, MatrixView<T>& dK, Writes<T>& dwrites) {
    const Index count = std::min(kChunk, K.cols() - first);
    const auto k = K.middleCols(first, count);
    const auto e = work.errors.middleCols(first, count), of_start = work.of_start.middleCols(first, count);
    const auto all_beta = writes.gate(0);
    const auto beta = all_beta.segment(first, count);
    const auto norms = work.norms.segment(first, count);
    const Matrix<T>& W = work.kept[first / kChunk];
    const Small overlap = k.transpose() * k;

    // Column i: the coefficients of W before write i; column count: at the end.
    Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, 0, kChunk, kChunk + 1> A(count, count + 1);
    Eigen::Matrix<T, Eigen::Dynamic, 1, 0, kChunk + 1, 1> g(count + 1);
    A.col(0).setZero();
    g(0) = 1;
    for (Index i = 0; i < count; ++i) {
      A.col(i + 1) = A.col(i) / norms(i);
      A(i, i + 1) = beta(i) / norms(i);
      g(i + 1) = g(i) / norms(i);
    }

    const Matrix<T> of_end = work.dW * k;  // S×C, D k_t
    work.F.resize(e.rows(), count);
    Small kappa(count, count), phi(count, count);  // column i: of dM_i
    Few a(count), omega(count);
    Few kappa_now = Few::Zero(count), phi_now = kappa_now;
    T a_now = 1, omega_now = 0;
    for (Index i = count - 1; i >= 0; --i) {
      const bool clamped = norms(i) > T(1);
      if (clamped) {
        omega_now = (omega_now - c * g(i + 1)) / norms(i);
        kappa_now = (kappa_now - c * A.col(i + 1)) / norms(i);
        phi_now /= norms(i);
        a_now /= norms(i);
        c = 0;
      }
      a(i) = a_now;
      omega(i) = omega_now;
      kappa.col(i) = kappa_now;
      phi.col(i) = phi_now;
      auto f = work.F.col(i);
      f = a_now * of_end.col(i) + omega_now * of_start.col(i);
      f.noalias() += e * kappa_now.cwiseProduct(overlap.col(i));
      f.noalias() += work.F.rightCols(count - 1 - i) * phi_now.cwiseProduct(overlap.col(i)).tail(count - 1 - i);
      dwrites.gate(0)(first + i) += e.col(i).dot(f);
      f *= beta(i);
      c -= f(values[first + i]);
      phi_now(i) = -1;
    }

    const Small ee = e.transpose() * e, fe = work.F.transpose() * e;
    Small by_key(count, count);
    for (Index i = 0; i < count; ++i)
      by_key.col(i) = beta(i) * (kappa.col(i).cwiseProduct(ee.col(i)) + phi.col(i).cwiseProduct(fe.col(i))) -
                      A.col(i).cwiseProduct(fe.row(i).transpose());
    auto dk = dK.middleCols(first, count);
    dk.noalias() = k * by_key;
    Matrix<T> weighted = e * beta.cwiseProduct(a).asDiagonal();
    dk.noalias() += work.dW.transpose() * weighted;
    weighted = e * beta.cwiseProduct(omega).asDiagonal() - work.F * g.head(count).asDiagonal();
    dk.noalias() += W.transpose() * weighted;
    weighted = e * kappa_now.asDiagonal() + work.F * phi_now.asDiagonal();
    work.dW = a_now * work.dW + omega_now * W;
    work.dW.noalias() += weighted * k.transpose();
    return c;
  }
};

}  // namespace palimpsest
