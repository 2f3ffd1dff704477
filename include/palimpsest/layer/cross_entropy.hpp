// Logits x = Eᵀ h over V outputs and their cross entropy with one target, or with the mean of the one-hots of m:
//   loss = ln Σ_j exp(x_j) − (1/m) Σ_i x_{target i} ,   dx_j = softmax(x)_j − #{i : target i = j}/m ,
//   dh += E dx ,   dE += h dxᵀ ,
// in blocks of columns, so that V×N logits are never there at once. The maximum is subtracted before exponentials.
// An answer is right if the largest logits are the targets' and nobody else's: as many as there are targets, no tie included.
#pragma once

#include <algorithm>
#include <cmath>
#include <span>

#include "palimpsest/core/product.hpp"
#include "palimpsest/engine/scratch.hpp"

namespace palimpsest {

/// To one question.
struct Answered {
  double loss;
  bool right;
};

template <class T>
class CrossEntropy {
 public:
  /// Σ of the losses of N questions. H: D×N, E: D×V; targets: as many per question, from 0 to V − 1. answered: N, or nothing.
  double evaluate(ConstMatrixView<T> E, ConstMatrixView<T> H, std::span<const int> targets,
                  std::span<Answered> answered = {});

  /// The same with its gradients times `scale`: dH += E dx, and if there is a dE, dE += H dxᵀ.
  double train(ConstMatrixView<T> E, ConstMatrixView<T> H, std::span<const int> targets, T scale, MatrixView<T> dH,
               MatrixView<T>* dE);

 private:
  /// Enough that packing E, once a block, costs little beside its product; 4 MiB of 8192 logits in single precision.
  static constexpr Index kColumns = 128;

  /// Calls f(first, count, logits) for the blocks.
  template <class F>
  void for_each_block(ConstMatrixView<T> E, ConstMatrixView<T> H, F&& f);

  /// The loss of these logits, which become exp(x − max); and what they sum up to.
  struct Loss {
    double loss;
    T sum;
  };
  static Loss take_exponentials(std::span<const int> targets, VectorView<T> x);

  static bool is_right(std::span<const int> targets, ConstVectorView<T> x);

  engine::Scratch<T> logits_;  // V×block
};

template <class T>
template <class F>
void CrossEntropy<T>::for_each_block(ConstMatrixView<T> E, ConstMatrixView<T> H, F&& f) {
  for (Index first = 0; first < H.cols(); first += kColumns) {
    const Index count = std::min(kColumns, H.cols() - first);
    auto logits = logits_(E.cols(), count);
    set_product<T>(E.transpose(), H.middleCols(first, count), logits);
    f(first, count, logits);
  }
}

template <class T>
typename CrossEntropy<T>::Loss CrossEntropy<T>::take_exponentials(std::span<const int> targets, VectorView<T> x) {
  T of_targets = 0;
  for (const int target : targets) of_targets += x(target);
  const T largest = x.maxCoeff();
  x = (x.array() - largest).exp();
  const T sum = x.sum();
  return {double(std::log(sum)) + double(largest) - double(of_targets) / double(targets.size()), sum};
}

template <class T>
bool CrossEntropy<T>::is_right(std::span<const int> targets, ConstVectorView<T> x) {
  T least = x(targets[0]);
  Index different = 0;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    least = std::min(least, x(targets[i]));
    const auto before = targets.first(i);
    if (std::find(before.begin(), before.end(), targets[i]) == before.end()) ++different;
  }
  return (x.array() >= least).count() == different;
}

template <class T>
double CrossEntropy<T>::evaluate(ConstMatrixView<T> E, ConstMatrixView<T> H, std::span<const int> targets,
                                 std::span<Answered> answered) {
  double total = 0;
  const std::size_t m = H.cols() > 0 ? targets.size() / static_cast<std::size_t>(H.cols()) : 0;
  for_each_block(E, H, [&](Index first, Index count, auto& logits) {
    for (Index n = 0; n < count; ++n) {
      const auto question = static_cast<std::size_t>(first + n);
      const auto asked = targets.subspan(m * question, m);
      const bool right = !answered.empty() && is_right(asked, logits.col(n));
      const double loss = take_exponentials(asked, logits.col(n)).loss;
      if (!answered.empty()) answered[question] = {loss, right && std::isfinite(loss)};
      total += loss;
    }
  });
  return total;
}

template <class T>
double CrossEntropy<T>::train(ConstMatrixView<T> E, ConstMatrixView<T> H, std::span<const int> targets, T scale,
                              MatrixView<T> dH, MatrixView<T>* dE) {
  double total = 0;
  const std::size_t m = H.cols() > 0 ? targets.size() / static_cast<std::size_t>(H.cols()) : 0;
  for_each_block(E, H, [&](Index first, Index count, auto& logits) {
    for (Index n = 0; n < count; ++n) {
      const auto asked = targets.subspan(m * static_cast<std::size_t>(first + n), m);
      const auto [loss, sum] = take_exponentials(asked, logits.col(n));
      total += loss;
      logits.col(n) *= scale / sum;
      for (const int target : asked) logits(target, n) -= scale / T(m);
    }
    add_product<T>(E, logits, dH.middleCols(first, count));
    if (dE != nullptr) add_product<T>(H.middleCols(first, count), logits.transpose(), *dE);
  });
  return total;
}

// Compiled once, in the library.
extern template class CrossEntropy<float>;
extern template class CrossEntropy<double>;

}  // namespace palimpsest
