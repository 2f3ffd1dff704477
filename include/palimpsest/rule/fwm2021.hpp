// v̄ = W k,  M = W + β (v − v̄) kᵀ,  W ← M / max(1, ‖M‖_F),  y = LayerNorm(W q) without affine (ε = 1e-5). The first write
// is W = β v kᵀ, and its norm stays as it is.
// Source: Schlag, Munkhdalai, Schmidhuber 2021, "Learning associative inference using fast weight memory"
// (arXiv 2011.07831), as the 2021 synthetic code has it: 1 + relu(‖M‖ − 1) is the divisor.
//
// The norm and the read-out aren't linear in the values, so there are no coefficients: the state W (S×p) is carried
// through the writes, O(L·p·S), and
//   answers(K, writes, values, Q, Y, workspace)             Y: S×N
//   backward(K, writes, values, Q, dY, workspace,           after answers; dK is overwritten, dwrites and dQ accumulate
//            dK, dwrites, dQ)
// Kept for the adjoint: the errors v − v̄ (S×L), the norms, and every sixteenth state, from which the others are rebuilt.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "palimpsest/rule/rule.hpp"

namespace palimpsest {

/// A rule that has answers and no coefficients.
template <class R>
concept StateRule = RuleTraits<R> && R::nonlinear_in_values;

template <class T>
struct Fwm2021Rule {
  static constexpr std::string_view name = "fwm2021";
  static constexpr std::string_view summary = "delta with a clamped norm and a layer-normalised read-out (FWM)";
  static constexpr bool separable = false, uses_strength = true, uses_decay = false, retrieves = true, knows_order = true;
  static constexpr bool nonlinear_in_values = true;
  static constexpr double largest_strength = 1;
  static Index steps_a_write() { return 1; }

  struct Workspace {
    Matrix<T> W, dW;                // S×p
    Matrix<T> errors;               // S×L
    Vector<T> norms;                // L, max(1, ‖M‖)
    std::vector<Matrix<T>> kept;    // W before write 0, 16, …
    std::vector<Matrix<T>> rebuilt; // W before each write of such a stretch
    Matrix<T> normalized;           // S×N, y
    Vector<T> spread;               // N, √(variance + ε)
    Vector<T> error, derror;        // S
  };

  void answers(ConstMatrixView<T> K, const Writes<T>& writes, const std::vector<int>& values, ConstMatrixView<T> Q,
               MatrixView<T> Y, Workspace& work) const {
    const Index S = Y.rows(), L = K.cols();
    work.W.setZero(S, K.rows());
    work.errors.resize(S, L);
    work.norms.resize(L);
    work.kept.resize(static_cast<std::size_t>((L + kStretch - 1) / kStretch));
    for (Index t = 0; t < L; ++t) {
      if (t % kStretch == 0) work.kept[t / kStretch] = work.W;
      work.error.noalias() = -(work.W * K.col(t));
      work.error(values[t]) += T(1);
      work.errors.col(t) = work.error;
      work.norms(t) = T(1);
      write(K, writes, t, work, work.W);
      if (t > 0) {
        work.norms(t) = std::max(T(1), work.W.norm());
        work.W /= work.norms(t);
      }
    }
    Y.noalias() = work.W * Q;
    work.spread.resize(Q.cols());
    for (Index n = 0; n < Q.cols(); ++n) {
      Y.col(n).array() -= Y.col(n).mean();
      work.spread(n) = std::sqrt(Y.col(n).squaredNorm() / static_cast<T>(S) + kLayerNormEpsilon);
      Y.col(n) /= work.spread(n);
    }
    work.normalized = Y;
  }

  void backward(ConstMatrixView<T> K, const Writes<T>& writes, const std::vector<int>&, ConstMatrixView<T> Q,
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
    for (Index stretch = std::ssize(work.kept) - 1; stretch >= 0; --stretch) {
      const Index first = stretch * kStretch, last = std::min(first + kStretch, K.cols());
      work.rebuilt.resize(static_cast<std::size_t>(kStretch + 1));
      work.rebuilt[0] = work.kept[stretch];
      for (Index t = first; t < last; ++t) {
        Matrix<T>& next = work.rebuilt[t - first + 1];
        next = work.rebuilt[t - first];
        write(K, writes, t, work, next);
        next /= work.norms(t);
      }
      for (Index t = last - 1; t >= first; --t) {
        const Matrix<T>&before = work.rebuilt[t - first], &after = work.rebuilt[t - first + 1];
        if (work.norms(t) > T(1))  // W = M/‖M‖:  dM = (dW − W ⟨W, dW⟩)/‖M‖
          work.dW = (work.dW - after * after.cwiseProduct(work.dW).sum()) / work.norms(t);
        work.derror.noalias() = work.dW * K.col(t);
        dwrites.beta(t) += work.errors.col(t).dot(work.derror);
        work.derror *= writes.beta(t);
        dK.col(t).noalias() = writes.beta(t) * (work.dW.transpose() * work.errors.col(t));
        dK.col(t).noalias() -= before.transpose() * work.derror;
        work.dW.noalias() -= work.derror * K.col(t).transpose();
      }
    }
  }

 private:
  static constexpr Index kStretch = 16;
  static constexpr T kLayerNormEpsilon = T(1e-5);

  static void write(ConstMatrixView<T>& K, const Writes<T>& writes, Index t, const Workspace& work, Matrix<T>& W) {
    W.noalias() += (writes.beta(t) * work.errors.col(t)) * K.col(t).transpose();
  }
};

}  // namespace palimpsest
