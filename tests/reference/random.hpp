// Inputs of tests: a matrix is a pure function of its size and number.
#pragma once

#include "palimpsest/core/random.hpp"

namespace palimpsest::reference {

/// N(0, 1) entries.
Matrix<double> normal(Index rows, Index cols, std::uint64_t number);

/// Entries of either sign and of size 0.3 to 1.2: a step of a central difference doesn't cross a kink at 0.
Matrix<double> away_from_zero(Index rows, Index cols, std::uint64_t number);

/// As above and with the first two entries of each column positive: products of neighbours and sums of relus are not
/// all 0, so features may be divided by their sum.
Matrix<double> safely_positive(Index rows, Index cols, std::uint64_t number);

/// A rows×cols window, with NaN inside and around it, that is not contiguous in memory. `in_bounds` tells whether only
/// the window was written, and all of it. T: float or double.
template <class T>
class PoisonedWindow {
 public:
  PoisonedWindow(Index rows, Index cols);

  MatrixView<T> view();
  Matrix<T> value() const;
  bool in_bounds() const;

 private:
  Matrix<T> buffer_;
  Index rows_, cols_;
};

}  // namespace palimpsest::reference
