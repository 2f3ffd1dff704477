#include "reference/random.hpp"

#include <algorithm>
#include <limits>

namespace palimpsest::reference {

Matrix<double> normal(Index rows, Index cols, std::uint64_t number) {
  Matrix<double> x(rows, cols);
  Stream stream(7, Purpose::test, number);
  if (x.size() > 0) fill_normal<double>(stream, x);
  return x;
}

Matrix<double> away_from_zero(Index rows, Index cols, std::uint64_t number) {
  Matrix<double> x(rows, cols);
  Stream stream(7, Purpose::test, number);
  for (Index i = 0; i < x.size(); ++i) {
    const double size = 0.3 + 0.9 * stream.uniform<double>();
    x(i) = stream.below(2) == 0 ? size : -size;
  }
  return x;
}

Matrix<double> safely_positive(Index rows, Index cols, std::uint64_t number) {
  Matrix<double> x = away_from_zero(rows, cols, number);
  x.topRows(std::min<Index>(2, rows)) = x.topRows(std::min<Index>(2, rows)).cwiseAbs().eval();
  return x;
}

template <class T>
PoisonedWindow<T>::PoisonedWindow(Index rows, Index cols)
    : buffer_(Matrix<T>::Constant(rows + 3, cols + 2, std::numeric_limits<T>::quiet_NaN())), rows_(rows), cols_(cols) {}

template <class T>
MatrixView<T> PoisonedWindow<T>::view() {
  return buffer_.block(1, 1, rows_, cols_);
}

template <class T>
Matrix<T> PoisonedWindow<T>::value() const {
  return buffer_.block(1, 1, rows_, cols_);
}

template <class T>
bool PoisonedWindow<T>::in_bounds() const {
  return value().allFinite() && buffer_.array().isNaN().count() == buffer_.size() - rows_ * cols_;
}

template class PoisonedWindow<float>;
template class PoisonedWindow<double>;

}  // namespace palimpsest::reference
