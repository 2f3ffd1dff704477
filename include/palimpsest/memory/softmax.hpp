// Softmax attention. It keeps every pair and has no state of fixed size, so it is a memory, not a kernel:
//   c_{t,n} = exp(k_t·q_n/√d) / Σ_s exp(k_s·q_n/√d),   Y = V C.
// Source: Vaswani et al. 2017, "Attention is all you need", eq. 1.
//
// With k_t = key[key_t] + value[value_t] the logits are sums of two entries of keyᵀQ and valueᵀQ, made once a step.
#pragma once

#include <cmath>
#include <optional>
#include <string_view>
#include <vector>

#include "palimpsest/memory/token_tables.hpp"
#include "palimpsest/memory/values.hpp"
#include "palimpsest/task/episode.hpp"

namespace palimpsest {

template <class T>
class SoftmaxMemory {
 public:
  static constexpr std::string_view name = "softmax";
  static constexpr std::string_view summary = "softmax attention: keeps every pair";

  /// Takes a step's tables (they must outlive it) and clears the gradients.
  void begin(const TokenTables<T>& tables);

  /// Y: S×N, the answers to the queries `columns` of the tables after all writes of the episode.
  void read(const Episode& episode, const std::vector<int>& columns, MatrixView<T> Y);

  /// Adjoint of the last read: dY: S×N.
  void backward(const Episode& episode, const std::vector<int>& columns, ConstMatrixView<T> dY);

  /// Gradients of the whole step, by the tables.
  void end(TokenTables<T>& gradient) const;

  /// Coefficients of the last read, L×N: which writes answer a query.
  const Matrix<T>& coefficients() const { return C_; }

 private:
  const TokenTables<T>* tables_ = nullptr;
  Matrix<T> scaled_query_;                 // d×N, q/√d
  Matrix<T> key_logits_, value_logits_;    // S×N
  Matrix<T> dkey_logits_, dvalue_logits_;  // S×N
  Matrix<T> C_, dC_;                       // L×N
};

template <class T>
void SoftmaxMemory<T>::begin(const TokenTables<T>& tables) {
  tables_ = &tables;
  const T gain = T(1) / std::sqrt(T(tables.key.rows()));
  scaled_query_ = gain * tables.query;
  key_logits_.noalias() = tables.key.transpose() * scaled_query_;
  value_logits_.noalias() = tables.value.transpose() * scaled_query_;
  dkey_logits_.setZero(key_logits_.rows(), key_logits_.cols());
  dvalue_logits_.setZero(value_logits_.rows(), value_logits_.cols());
}

template <class T>
void SoftmaxMemory<T>::read(const Episode& episode, const std::vector<int>& columns, MatrixView<T> Y) {
  const Index L = std::ssize(episode.keys), N = std::ssize(columns);
  C_.resize(L, N);
  for (Index n = 0; n < N; ++n) {
    auto c = C_.col(n).array();
    const T* by_key = key_logits_.col(columns[n]).data();
    for (Index t = 0; t < L; ++t) c(t) = by_key[episode.keys[t]];
    if (tables_->keys_depend_on_values()) {
      const T* by_value = value_logits_.col(columns[n]).data();
      for (Index t = 0; t < L; ++t) c(t) += by_value[episode.values[t]];
    }
    c = (c - c.maxCoeff()).exp();
    c /= c.sum();
  }
  scatter_to_values<T>(episode.values, C_, Y);
}

template <class T>
void SoftmaxMemory<T>::backward(const Episode& episode, const std::vector<int>& columns, ConstMatrixView<T> dY) {
  const Index L = C_.rows(), N = C_.cols();
  dC_.resize(L, N);
  gather_from_values<T>(episode.values, dY, dC_);
  for (Index n = 0; n < N; ++n) {
    auto logit = dC_.col(n).array();  // ds = c ⊙ (dc − c·dc)
    logit = C_.col(n).array() * (logit - C_.col(n).dot(dC_.col(n)));
    T* by_key = dkey_logits_.col(columns[n]).data();
    for (Index t = 0; t < L; ++t) by_key[episode.keys[t]] += logit(t);
    if (tables_->keys_depend_on_values()) {
      T* by_value = dvalue_logits_.col(columns[n]).data();
      for (Index t = 0; t < L; ++t) by_value[episode.values[t]] += logit(t);
    }
  }
}

template <class T>
void SoftmaxMemory<T>::end(TokenTables<T>& gradient) const {
  const T gain = T(1) / std::sqrt(T(tables_->key.rows()));
  gradient.key.noalias() = scaled_query_ * dkey_logits_.transpose();
  gradient.value.noalias() = scaled_query_ * dvalue_logits_.transpose();
  gradient.query.noalias() = gain * (tables_->key * dkey_logits_);
  if (tables_->keys_depend_on_values()) gradient.query.noalias() += gain * (tables_->value * dvalue_logits_);
  gradient.strength = gradient.decay = {};
}

// Compiled once, in the library.
extern template class SoftmaxMemory<float>;
extern template class SoftmaxMemory<double>;

}  // namespace palimpsest
