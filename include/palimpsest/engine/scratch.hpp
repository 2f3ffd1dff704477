// A matrix for intermediate results, whose memory only grows: it has another shape in every chunk and is not allocated
// again for it.
#pragma once

#include "palimpsest/core/types.hpp"

namespace palimpsest::engine {

template <class T>
class Scratch {
 public:
  using View = Eigen::Map<Matrix<T>>;

  /// Gives it a shape. What is in it is whatever was there.
  View operator()(Index rows, Index cols) {
    if (rows * cols > memory_.size()) memory_.resize(rows * cols);
    rows_ = rows, cols_ = cols;
    return (*this)();
  }

  View operator()() { return View(memory_.data(), rows_, cols_); }
  Eigen::Map<const Matrix<T>> operator()() const { return {memory_.data(), rows_, cols_}; }

 private:
  Vector<T> memory_;
  Index rows_ = 0, cols_ = 0;
};

}  // namespace palimpsest::engine
