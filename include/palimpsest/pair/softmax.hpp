// Softmax attention. It keeps every pair and has no state of fixed size, so it is a memory, not a kernel:
//   c_{t,n} = exp(k_t·q_n/√d) / Σ_s exp(k_s·q_n/√d),   Y = V C,
// over the writes that a query sees; with a window only the last w of them. A query that sees none has the answer 0.
// Source: Vaswani et al. 2017, "Attention is all you need", eq. 1; the window: Beltagy et al. 2020, "Longformer" (arXiv
// 2004.05150), section 3.1.
//
// With k_t = key[key_t] + value[value_t] the logits are sums of two entries of keyᵀQ and valueᵀQ, made once a step.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "palimpsest/memory/memory.hpp"
#include "palimpsest/memory/windowed.hpp"
#include "palimpsest/pair/memory.hpp"
#include "palimpsest/pair/operations.hpp"
#include "palimpsest/pair/token_tables.hpp"
#include "palimpsest/pair/values.hpp"
#include "palimpsest/task/episode.hpp"

namespace palimpsest {

template <class T>
class SoftmaxMemory {
 public:
  static constexpr std::string_view name = "softmax";
  static constexpr std::string_view summary = "softmax attention: keeps every pair";

  SoftmaxMemory() = default;

  /// d: size of a key.
  explicit SoftmaxMemory(const MemoryOptions& options) : d_(options.key_dim) {}

  // What is known before anything is trained: pair/memory.hpp.
  static constexpr auto projection_init = ProjectionInit::softmax;
  static std::vector<std::pair<std::string, std::string>> parts() { return {}; }
  static bool reads(std::string_view option) { return option == "key_dim"; }
  static std::optional<std::string> refusal() { return std::nullopt; }
  static std::optional<Index> feature_dim() { return std::nullopt; }
  static std::optional<Index> rank() { return std::nullopt; }
  static bool knows_order() { return false; }
  TokenShape token_shape(Index S) const { return {S, d_, 1, {}}; }
  Index state_floats(Index S, Index L) const { return L * (d_ + S); }
  SoftmaxOperations operations(const TableShape& tables) const { return SoftmaxOperations(tables); }
  static double draw_operations() { return 0; }

  /// Takes a step's tables (they must outlive it) and clears the gradients.
  void begin(const TokenTables<T>& tables);

  /// What a read keeps for its adjoint.
  struct Kept {
    Matrix<T> C;  // L×N

    const Matrix<T>& coefficients() const { return C; }
  };

  /// Y: S×N, the answers to the queries.
  void read(const Episode& episode, const Asked& asked, MatrixView<T> Y, Kept& kept) const;

  /// Its adjoint: dY: S×N.
  void backward(const Episode& episode, const Asked& asked, ConstMatrixView<T> dY, Kept& kept);

  /// Gradients of the whole step, by the tables.
  void end(TokenTables<T>& gradient) const;

 private:
  /// The writes [first, last) that query n attends to, of L.
  std::pair<Index, Index> attended(const Asked& asked, Index n, Index L) const {
    const Index last = asked.seen(n, L);
    return {std::max<Index>(0, last - window_), last};
  }

  const TokenTables<T>* tables_ = nullptr;
  Matrix<T> scaled_query_;                 // d×N, q/√d
  Matrix<T> key_logits_, value_logits_;    // S×N
  Matrix<T> dkey_logits_, dvalue_logits_;  // S×N
  Matrix<T> dC_;                           // L×N

 protected:
  Index d_ = 64;
  Index window_ = std::numeric_limits<Index>::max();
};

template <class T>
class WindowMemory : public Windowed<SoftmaxMemory<T>> {
 public:
  using Windowed<SoftmaxMemory<T>>::Windowed;

  std::optional<Index> rank() const { return this->window_; }  // answers are sums of as many values
  static bool knows_order() { return true; }
  Index state_floats(Index S, Index L) const { return SoftmaxMemory<T>::state_floats(S, std::min(L, this->window_)); }
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
void SoftmaxMemory<T>::read(const Episode& episode, const Asked& asked, MatrixView<T> Y, Kept& kept) const {
  const Index L = std::ssize(episode.keys), N = asked.size();
  auto& C = kept.C;
  C.resize(L, N);
  for (Index n = 0; n < N; ++n) {
    const auto [first, last] = attended(asked, n, L);
    C.col(n).head(first).setZero();
    C.col(n).tail(L - last).setZero();
    if (first == last) continue;
    auto c = C.col(n).segment(first, last - first).array();
    const T* by_key = key_logits_.col(asked.columns[n]).data();
    for (Index t = first; t < last; ++t) c(t - first) = by_key[episode.keys[t]];
    if (tables_->keys_depend_on_values()) {
      const T* by_value = value_logits_.col(asked.columns[n]).data();
      for (Index t = first; t < last; ++t) c(t - first) += by_value[episode.values[t]];
    }
    c = (c - c.maxCoeff()).exp();
    c /= c.sum();
  }
  scatter_to_values<T>(episode.values, C, Y);
}

template <class T>
void SoftmaxMemory<T>::backward(const Episode& episode, const Asked& asked, ConstMatrixView<T> dY, Kept& kept) {
  const auto& C = kept.C;
  const Index L = C.rows(), N = C.cols();
  dC_.resize(L, N);
  gather_from_values<T>(episode.values, dY, dC_);
  for (Index n = 0; n < N; ++n) {
    const auto [first, last] = attended(asked, n, L);
    auto logit = dC_.col(n).array();  // ds = c ⊙ (dc − c·dc)
    logit = C.col(n).array() * (logit - C.col(n).dot(dC_.col(n)));
    T* by_key = dkey_logits_.col(asked.columns[n]).data();
    for (Index t = first; t < last; ++t) by_key[episode.keys[t]] += logit(t);
    if (tables_->keys_depend_on_values()) {
      T* by_value = dvalue_logits_.col(asked.columns[n]).data();
      for (Index t = first; t < last; ++t) by_value[episode.values[t]] += logit(t);
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
  gradient.gates.clear();
}

// Compiled once, in the library.
extern template class SoftmaxMemory<float>;
extern template class SoftmaxMemory<double>;

}  // namespace palimpsest
