// h_t = E[x_t], a column per token of the vocabulary; nothing, where there is no token, is 0.
// Starts N(0, 0.02²) (Radford et al. 2019, "Language models are unsupervised multitask learners", its code), or uniform on
// the unit sphere.
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "palimpsest/core/parameter.hpp"
#include "palimpsest/core/random.hpp"

namespace palimpsest {

enum class EmbeddingStart { normal, unit_sphere };

/// In place of a token where there is none.
inline constexpr int kNoToken = -1;

template <class T>
class Embedding {
 public:
  /// D×V; a frozen one keeps what it starts with.
  Embedding(std::string name, Index width, Index vocabulary, bool frozen)
      : E_(std::move(name), width, frozen ? 0 : vocabulary, true), frozen_(frozen) {
    E_.value.setZero(width, vocabulary);
  }

  void start(Stream& stream, EmbeddingStart start) {
    fill_normal<T>(stream, E_.value);
    if (start == EmbeddingStart::normal) E_.value *= T(0.02);
    if (start == EmbeddingStart::unit_sphere) E_.value.colwise().normalize();
  }

  /// Y: D×N.
  void forward(std::span<const int> tokens, MatrixView<T> Y) const {
    for (std::size_t t = 0; t < tokens.size(); ++t) {
      auto y = token(Y, static_cast<Index>(t));
      if (tokens[t] == kNoToken) {
        y.setZero();
      } else {
        y = E_.value.col(tokens[t]);
      }
    }
  }

  /// dY: D×N. Only of a trained one.
  void backward(std::span<const int> tokens, ConstMatrixView<T> dY) {
    for (std::size_t t = 0; t < tokens.size(); ++t)
      if (tokens[t] != kNoToken) E_.gradient.col(tokens[t]) += token(dY, static_cast<Index>(t));
  }

  bool frozen() const { return frozen_; }
  const Matrix<T>& value() const { return E_.value; }
  Matrix<T>& gradient() { return E_.gradient; }

  std::vector<Parameter<T>*> parameters() { return frozen_ ? std::vector<Parameter<T>*>{} : std::vector{&E_}; }

 private:
  Parameter<T> E_;
  bool frozen_;
};

}  // namespace palimpsest
