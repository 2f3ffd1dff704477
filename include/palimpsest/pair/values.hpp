// Y = V C for one-hot values: output j of a query is the sum of the coefficients of the writes whose value is j.
#pragma once

#include <vector>

#include "palimpsest/core/types.hpp"

namespace palimpsest {

/// Y: S×N from C: L×N.
template <class T>
void scatter_to_values(const std::vector<int>& values, ConstMatrixView<T> C, MatrixView<T> Y) {
  Y.setZero();
  for (Index n = 0; n < C.cols(); ++n) {
    T* y = Y.col(n).data();
    const T* c = C.col(n).data();
    for (Index t = 0; t < C.rows(); ++t) y[values[t]] += c[t];
  }
}

/// Its adjoint: dC = Vᵀ dY.
template <class T>
void gather_from_values(const std::vector<int>& values, ConstMatrixView<T> dY, MatrixView<T> dC) {
  for (Index n = 0; n < dC.cols(); ++n) {
    const T* dy = dY.col(n).data();
    T* dc = dC.col(n).data();
    for (Index t = 0; t < dC.rows(); ++t) dc[t] = dy[values[t]];
  }
}

}  // namespace palimpsest
