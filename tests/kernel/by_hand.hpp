// Columns and gradients for examples worked by hand.
#pragma once

#include <algorithm>
#include <initializer_list>

#include "palimpsest/core/types.hpp"

namespace palimpsest::by_hand {

inline Matrix<double> column(std::initializer_list<double> entries) {
  Matrix<double> x(static_cast<Index>(entries.size()), 1);
  std::copy(entries.begin(), entries.end(), x.data());
  return x;
}

/// Gradient by x, or by the lifted x, of the feature number i.
template <class K>
Matrix<double> gradient_of_feature(const K& kernel, const Matrix<double>& x, Index i) {
  Matrix<double> phi(kernel.feature_dim(x.rows()), 1), dx = Matrix<double>::Zero(x.rows(), 1);
  kernel.forward(x, phi);
  Matrix<double> dphi = Matrix<double>::Zero(phi.rows(), 1);
  dphi(i) = 1;
  kernel.backward(x, phi, dphi, dx);
  return dx;
}

}  // namespace palimpsest::by_hand
