// y = W_out (silu(a) ∘ b) ,  [a; b] = W_in x ,  silu(a) = a σ(a) ,  with ⌊8D/3⌋ numbers between, so that it has as many
// parameters as two matrices of 4D×D. Of each token alone, without biases.
// Source: Shazeer 2020, "GLU variants improve transformer" (arXiv 2002.05202), eq. 6.
#pragma once

#include <string>
#include <vector>

#include "palimpsest/engine/scratch.hpp"
#include "palimpsest/layer/linear.hpp"

namespace palimpsest {

template <class T>
class SwiGlu {
 public:
  /// What a pass keeps.
  struct Kept {
    engine::Scratch<T> ab;      // 2I×N
    engine::Scratch<T> middle;  // I×N, silu(a) ∘ b
  };

  SwiGlu(const std::string& name, Index width)
      : inner_(8 * width / 3), in_(name + ".input", 2 * inner_, width), out_(name + ".output", width, inner_) {}

  void start(Stream& stream, T std) {
    in_.start(stream, std);
    out_.start(stream, std);
  }

  /// X, Y: D×N. Nothing is kept without `kept`.
  void forward(ConstMatrixView<T> X, MatrixView<T> Y, Kept* kept);
  /// dX += adjoint, and the parameters' gradients.
  void backward(ConstMatrixView<T> X, const Kept& kept, ConstMatrixView<T> dY, MatrixView<T> dX);

  std::vector<Parameter<T>*> parameters() {
    auto all = in_.parameters();
    for (auto* parameter : out_.parameters()) all.push_back(parameter);
    return all;
  }

 private:
  Index inner_;  // I
  Linear<T> in_, out_;
  Kept passing_;                      // of passes that nobody keeps
  engine::Scratch<T> dmiddle_, dab_;  // I×N, 2I×N
  Vector<T> sigmoid_ = Vector<T>(inner_);
};

template <class T>
void SwiGlu<T>::forward(ConstMatrixView<T> X, MatrixView<T> Y, Kept* kept) {
  Kept& pass = kept != nullptr ? *kept : passing_;
  auto ab = pass.ab(2 * inner_, X.cols()), middle = pass.middle(inner_, X.cols());
  in_.forward(X, ab);
  for (Index t = 0; t < X.cols(); ++t) {
    const auto a = ab.col(t).head(inner_).array(), b = ab.col(t).tail(inner_).array();
    middle.col(t) = a * b / (T(1) + (-a).exp());
  }
  out_.forward(middle, Y);
}

template <class T>
void SwiGlu<T>::backward(ConstMatrixView<T> X, const Kept& kept, ConstMatrixView<T> dY, MatrixView<T> dX) {
  const auto ab = kept.ab(), middle = kept.middle();
  auto dmiddle = dmiddle_(inner_, X.cols()), dab = dab_(2 * inner_, X.cols());
  dmiddle.setZero();
  out_.backward(middle, dY, dmiddle);
  for (Index t = 0; t < X.cols(); ++t) {
    const auto a = ab.col(t).head(inner_).array(), b = ab.col(t).tail(inner_).array();
    const auto d = dmiddle.col(t).array();
    auto sigmoid = sigmoid_.array();
    sigmoid = T(1) / (T(1) + (-a).exp());
    dab.col(t).head(inner_) = d * b * sigmoid * (T(1) + a * (T(1) - sigmoid));
    dab.col(t).tail(inner_) = d * a * sigmoid;
  }
  in_.backward(X, dab, dX);
}

// Compiled once, in the library.
extern template class SwiGlu<float>;
extern template class SwiGlu<double>;

}  // namespace palimpsest
