// The factors of L writes in p features, of
//   W_t = W_{t−1} (D_t + a_t b_tᵀ) + w_t v_t k_tᵀ ,
// and, in the same shape, the gradients by them.
//
// Decays are logarithms, each ≤ 0; one of −∞ forgets everything. They are never divided by, and sums of them begin anew
// with every chunk, so that neither 1e-6 nor 1 − 1e-7 loses its digits over a long sequence.
#pragma once

#include <cassert>

#include "palimpsest/rule/structure.hpp"

namespace palimpsest {

template <class T>
struct Factors {
  Structure structure;
  Matrix<T> K;          // p×L, written keys
  Vector<T> w;          // L, write strengths
  Matrix<T> log_decay;  // empty, 1×L or p×L: log D
  Vector<T> erase;      // L where it erases along the key: a_t = −erase_t D_t k_t, b_t = k_t; else empty
  Matrix<T> A, B;       // p×L where a and b are free; else empty

  /// Sizes them, of p features and L writes, as the structure says.
  void resize(Structure is, Index p, Index L) {
    structure = is;
    K.resize(p, L);
    w.resize(L);
    log_decay.resize(is.decay == Decay::diagonal ? p : is.decay == Decay::scalar ? 1 : 0, is.decays() ? L : 0);
    erase.resize(is.erase == Erase::along ? L : 0);
    const Index free = is.erase == Erase::free ? p : 0;
    A.resize(free, free == 0 ? 0 : L);
    B.resize(free, free == 0 ? 0 : L);
  }

  Index features() const { return K.rows(); }
  Index writes() const { return K.cols(); }
};

/// Sizes `gradient` as the factors are sized and sets it to 0.
template <class T>
void set_zero_like(const Factors<T>& factors, Factors<T>& gradient) {
  gradient.structure = factors.structure;
  for (auto part : {&Factors<T>::K, &Factors<T>::log_decay, &Factors<T>::A, &Factors<T>::B})
    (gradient.*part).setZero((factors.*part).rows(), (factors.*part).cols());
  gradient.w.setZero(factors.w.size());
  gradient.erase.setZero(factors.erase.size());
}

template <class T>
Factors<T> zero_like(const Factors<T>& factors) {
  Factors<T> gradient;
  set_zero_like(factors, gradient);
  return gradient;
}

/// Whether every factor has the size that the structure says.
template <class T>
bool fits(const Factors<T>& factors) {
  const Structure structure = factors.structure;
  const Index p = factors.features(), L = factors.writes();
  const auto is = [](const auto& part, Index rows, Index cols) {
    return rows * cols == 0 ? part.size() == 0 : part.rows() == rows && part.cols() == cols;
  };
  const Index decays = structure.decay == Decay::none ? 0 : structure.decay == Decay::scalar ? 1 : p;
  const Index free = structure.erase == Erase::free ? p : 0;
  return is(factors.w, L, 1) && is(factors.log_decay, decays, L) && is(factors.A, free, L) && is(factors.B, free, L) &&
         is(factors.erase, structure.erase == Erase::along ? L : 0, 1);
}

}  // namespace palimpsest
