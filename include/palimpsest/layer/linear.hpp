// y = W x + b, of each token alone; b of the last few outputs, of none or of all.
#pragma once

#include <string>
#include <vector>

#include "palimpsest/core/parameter.hpp"
#include "palimpsest/core/product.hpp"
#include "palimpsest/core/random.hpp"

namespace palimpsest {

template <class T>
class Linear {
 public:
  /// The last `biased` of the outputs have a bias, which starts at 0.
  Linear(const std::string& name, Index outputs, Index inputs, Index biased = 0)
      : W_(name, outputs, inputs), b_(name + ".bias", biased, 1) {
    W_.value.setZero();
    b_.value.setZero();
  }

  /// W ~ N(0, std²).
  void start(Stream& stream, T std) {
    fill_normal<T>(stream, W_.value);
    W_.value *= std;
  }

  Index outputs() const { return W_.value.rows(); }

  /// X: inputs×N, Y: outputs×N.
  void forward(ConstMatrixView<T> X, MatrixView<T> Y) const;

  /// dX += Wᵀ dY, and the parameters' gradients.
  void backward(ConstMatrixView<T> X, ConstMatrixView<T> dY, MatrixView<T> dX);

  /// The parameters' gradients alone, where nobody learns from dX.
  void learn(ConstMatrixView<T> X, ConstMatrixView<T> dY);

  /// The biased outputs' b.
  Matrix<T>& bias() { return b_.value; }

  std::vector<Parameter<T>*> parameters() { return b_.value.size() > 0 ? std::vector{&W_, &b_} : std::vector{&W_}; }

 private:
  Parameter<T> W_;  // outputs×inputs
  Parameter<T> b_;  // biased×1
};

template <class T>
void Linear<T>::forward(ConstMatrixView<T> X, MatrixView<T> Y) const {
  set_product<T>(W_.value, X, Y);
  if (b_.value.size() > 0) Y.bottomRows(b_.value.rows()).colwise() += b_.value.col(0);
}

template <class T>
void Linear<T>::backward(ConstMatrixView<T> X, ConstMatrixView<T> dY, MatrixView<T> dX) {
  add_product<T>(W_.value.transpose(), dY, dX);
  learn(X, dY);
}

template <class T>
void Linear<T>::learn(ConstMatrixView<T> X, ConstMatrixView<T> dY) {
  add_product<T>(dY, X.transpose(), W_.gradient);
  if (b_.value.size() > 0) b_.gradient += dY.bottomRows(b_.value.rows()).rowwise().sum();
}

// Compiled once, in the library.
extern template class Linear<float>;
extern template class Linear<double>;

}  // namespace palimpsest
