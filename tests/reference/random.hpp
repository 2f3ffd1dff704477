// Inputs of tests: a matrix is a pure function of its size and number.
#pragma once

#include <limits>

#include "palimpsest/core/random.hpp"

namespace palimpsest::reference {

/// N(0, 1) entries.
inline Matrix<double> normal(Index rows, Index cols, std::uint64_t number) {
  Matrix<double> x(rows, cols);
  Stream stream(7, Purpose::test, number);
  if (x.size() > 0) fill_normal<double>(stream, x);
  return x;
}

/// Entries of either sign and of size 0.3 to 1.2: a step of a central difference doesn't cross a kink at 0.
inline Matrix<double> away_from_zero(Index rows, Index cols, std::uint64_t number) {
  Matrix<double> x(rows, cols);
  Stream stream(7, Purpose::test, number);
  for (Index i = 0; i < x.size(); ++i) {
    const double size = 0.3 + 0.9 * stream.uniform<double>();
    x(i) = stream.below(2) == 0 ? size : -size;
  }
  return x;
}

/// As above and with the first two entries of each column positive: products of neighbours and sums of relus are not
/// all 0, so features may be divided by their sum.
inline Matrix<double> safely_positive(Index rows, Index cols, std::uint64_t number) {
  Matrix<double> x = away_from_zero(rows, cols, number);
  x.topRows(std::min<Index>(2, rows)) = x.topRows(std::min<Index>(2, rows)).cwiseAbs().eval();
  return x;
}

/// A rows×cols window, with NaN inside and around it, that is not contiguous in memory. `in_bounds` tells whether only
/// the window was written, and all of it.
template <class T>
class PoisonedWindow {
 public:
  PoisonedWindow(Index rows, Index cols)
      : buffer_(Matrix<T>::Constant(rows + 3, cols + 2, std::numeric_limits<T>::quiet_NaN())),
        rows_(rows),
        cols_(cols) {}

  auto view() { return buffer_.block(1, 1, rows_, cols_); }
  Matrix<T> value() const { return buffer_.block(1, 1, rows_, cols_); }
  bool in_bounds() const {
    return value().allFinite() && buffer_.array().isNaN().count() == buffer_.size() - rows_ * cols_;
  }

 private:
  Matrix<T> buffer_;
  Index rows_, cols_;
};

}  // namespace palimpsest::reference
