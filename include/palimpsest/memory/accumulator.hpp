// The accumulator of attention normalisation, z_t = z_{t−1} + k_t, where it divides more than a sum of coefficients:
//   retrieval of a write   ρ_t = 1/(z_{t−1}·k_t + ε),  ρ_1 = 0: before the first write there is nothing to retrieve
//   read-out               D_n = z_r·q_n + ε, of a query that sees the first r writes
// z_0 = 0, or what earlier writes have left, which is a constant; ρ_1 is then as every other.
// Source: Schlag, Irie, Schmidhuber 2021 (arXiv 2102.11174), eqs. 15–18 and its synthetic code.
#pragma once

#include <vector>

#include "palimpsest/core/types.hpp"
#include "palimpsest/engine/order.hpp"
#include "palimpsest/normalization/normalization.hpp"
#include "palimpsest/rule/rule.hpp"

namespace palimpsest {

template <class T>
class Accumulator {
 public:
  /// Of all calls for L writes and N queries.
  static Operations operations(const RuleShape& x, bool retrieves) {
    return {x.L * x.p * (retrieves ? 3 : 1) + 2 * x.p * x.N, x.L * x.p * (retrieves ? 6 : 1) + 4 * x.p * x.N};
  }

  /// ρ: L, from K: p×L; before: z_0, p×1, or nothing. ρ = 1 for a rule that doesn't retrieve.
  void retrieval(ConstMatrixView<T> K, bool retrieves, Vector<T>& rho, const Matrix<T>* before = nullptr) {
    before_.resize(0);
    if (before) before_ = before->reshaped();
    if (!retrieves) {
      rho.setOnes(K.cols());
      z_ = K.rowwise().sum();
      if (goes_on()) z_ += before_;
      return;
    }
    begin(K.rows(), z_);
    rho.resize(K.cols());
    for (Index t = 0; t < K.cols(); ++t) {
      rho(t) = t == 0 && !goes_on() ? T(0) : T(1) / (z_.dot(K.col(t)) + T(kReadOutEpsilon));
      z_ += K.col(t);
    }
  }

  /// p, after all writes; until backward.
  const Vector<T>& z() const { return z_; }

  /// D: N, from Q: p×N; seen: writes that a query sees, or empty if each sees all. K as before.
  void divisor(ConstMatrixView<T> K, ConstMatrixView<T> Q, const std::vector<Index>& seen, Vector<T>& D) {
    if (seen.empty()) {
      D = Q.transpose() * z_;
    } else {
      D.resize(Q.cols());
      order_.set(seen, K.cols(), Q.cols());
      seen_z_.resize(Q.rows(), Q.cols());
      Vector<T> z;
      begin(Q.rows(), z);
      Index at = 0;
      for (Index i = 0; i < Q.cols(); ++i) {
        for (; at < order_.after[i]; ++at) z += K.col(at);
        const Index n = order_.query[i];
        seen_z_.col(n) = z;
        D(n) = z.dot(Q.col(n));
      }
    }
    D.array() += T(kReadOutEpsilon);
  }

  /// From dD: N. dQ accumulates; what goes to the keys is kept for the next call.
  void divisor_backward(ConstMatrixView<T> Q, const std::vector<Index>& seen, const Vector<T>& dD, MatrixView<T> dQ) {
    positions_ = 0;
    if (seen.empty()) {
      dz_.noalias() = Q * dD;
      dQ.noalias() += z_ * dD.transpose();
      return;
    }
    dz_.setZero(Q.rows());
    dQ.noalias() += seen_z_ * dD.asDiagonal();
    by_position_.resize(Q.rows(), Q.cols());
    for (Index i = 0; i < Q.cols(); ++i) {
      if (i == 0 || order_.after[i] != order_.after[i - 1]) by_position_.col(positions_++).setZero();
      const Index n = order_.query[i];
      by_position_.col(positions_ - 1) += dD(n) * Q.col(n);
    }
  }

  /// From dρ (L); all zero for a rule that doesn't retrieve. dK accumulates.
  void backward(ConstMatrixView<T> K, const Vector<T>& rho, const Vector<T>& drho, bool retrieves, MatrixView<T> dK) {
    if (!retrieves && positions_ == 0) {
      dK.colwise() += dz_;
      return;
    }
    Index asked = positions_ == 0 ? 0 : order_.queries(), position = positions_;
    for (Index t = K.cols() - 1; t >= 0; --t) {
      if (asked > 0 && order_.after[asked - 1] == t + 1) dz_ += by_position_.col(--position);
      while (asked > 0 && order_.after[asked - 1] == t + 1) --asked;
      z_ -= K.col(t);  // z_{t−1}
      dK.col(t) += dz_;
      if (t == 0 && !goes_on()) break;
      if (!retrieves) continue;
      const T d = -rho(t) * rho(t) * drho(t);
      dK.col(t) += d * z_;
      dz_ += d * K.col(t);
    }
  }

 private:
  bool goes_on() const { return before_.size() > 0; }

  /// z before the first write.
  void begin(Index p, Vector<T>& z) const {
    if (goes_on())
      z = before_;
    else
      z.setZero(p);
  }

  Vector<T> before_;       // p, z_0; or nothing
  Vector<T> z_, dz_;       // p
  engine::Order order_;    // of queries that have positions
  Matrix<T> seen_z_;       // p×N, z_r of each
  Matrix<T> by_position_;  // p×positions, gradients by z_r
  Index positions_ = 0;
};

}  // namespace palimpsest
