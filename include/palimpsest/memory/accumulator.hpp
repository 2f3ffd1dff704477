// The accumulator of attention normalisation, z_t = z_{t−1} + k_t, where it divides more than a sum of coefficients:
//   retrieval of a write   ρ_t = 1/(z_{t−1}·k_t + ε),  ρ_1 = 0: before the first write there is nothing to retrieve
//   read-out               D_n = z_L·q_n + ε
// Source: Schlag, Irie, Schmidhuber 2021 (arXiv 2102.11174), eqs. 15–18 and its synthetic code.
#pragma once

#include "palimpsest/core/types.hpp"
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

  /// ρ: L, from K: p×L.
  void retrieval(ConstMatrixView<T> K, Vector<T>& rho) {
    z_.setZero(K.rows());
    rho.resize(K.cols());
    for (Index t = 0; t < K.cols(); ++t) {
      rho(t) = t == 0 ? T(0) : T(1) / (z_.dot(K.col(t)) + T(kReadOutEpsilon));
      z_ += K.col(t);
    }
  }

  /// z_L alone, for a rule that doesn't retrieve.
  void sum(ConstMatrixView<T> K) { z_ = K.rowwise().sum(); }

  /// D: N, from Q: p×N.
  void divisor(ConstMatrixView<T> Q, Vector<T>& D) const {
    D = Q.transpose() * z_;
    D.array() += T(kReadOutEpsilon);
  }

  /// From dD: N. dQ accumulates; what goes to the keys is kept for the next call.
  void divisor_backward(ConstMatrixView<T> Q, const Vector<T>& dD, MatrixView<T> dQ) {
    dz_.noalias() = Q * dD;
    dQ.noalias() += z_ * dD.transpose();
  }

  /// From dρ (L); all zero for a rule that doesn't retrieve. dK accumulates.
  void backward(ConstMatrixView<T> K, const Vector<T>& rho, const Vector<T>& drho, bool retrieves, MatrixView<T> dK) {
    if (!retrieves) {
      dK.colwise() += dz_;
      return;
    }
    for (Index t = K.cols() - 1; t >= 0; --t) {
      z_ -= K.col(t);  // z_{t−1}
      dK.col(t) += dz_;
      if (t == 0) break;
      const T d = -rho(t) * rho(t) * drho(t);
      dK.col(t) += d * z_;
      dz_ += d * K.col(t);
    }
  }

 private:
  Vector<T> z_, dz_;  // p
};

}  // namespace palimpsest
