// Ω: d×m in blocks of d orthogonal columns whose norms are those of Gaussian vectors, for kernels with random features.
// Source: Yu et al. 2016, "Orthogonal random features" (arXiv 1610.09072).
#pragma once

#include <algorithm>
#include <cmath>

#include "palimpsest/core/random.hpp"
#include "palimpsest/core/types.hpp"

namespace palimpsest {

/// Ω: d×m. Within a block of d columns (the last may be short) the columns are orthogonal, their directions uniform on the
/// sphere and their norms chi-distributed with d degrees of freedom.
template <class T>
Matrix<T> orthogonal_gaussian(Index d, Index m, Stream& stream) {
  Matrix<T> omega(d, m), gaussian(d, d);
  for (Index first = 0; first < m; first += d) {
    const Index columns = std::min(d, m - first);
    fill_normal<T>(stream, gaussian);
    const Eigen::HouseholderQR<Matrix<T>> qr(gaussian);
    omega.middleCols(first, columns) = qr.householderQ() * Matrix<T>::Identity(d, columns);
    // In G = QR with a positive diagonal of R, Q is uniform and independent of R, and so of the norms of G's columns.
    for (Index j = 0; j < columns; ++j)
      omega.col(first + j) *= std::copysign(gaussian.col(j).norm(), qr.matrixQR()(j, j));
  }
  return omega;
}

// Compiled once, in the library.
extern template Matrix<float> orthogonal_gaussian(Index, Index, Stream&);
extern template Matrix<double> orthogonal_gaussian(Index, Index, Stream&);

}  // namespace palimpsest
