// The published mini-model: token t is x = [v_t; E(key_t)] ∈ R^{S+e}, e = ⌊2.2 S⌋, v_t one-hot;
//   k = W_k x + b_k ∈ R^d,   q = W_q E(query) + b_q.
// x is never formed: with W_k = [W_v W_e],  k = A[key_t] + B[value_t],  A = W_e E (d×S),  B = W_v + b_k (d×S).
// Source: Schlag, Irie, Schmidhuber 2021 (arXiv 2102.11174), section 6.1 and its synthetic code.
#pragma once

#include <cmath>

#include "palimpsest/model/model.hpp"

namespace palimpsest {

template <class T>
class PublishedModel {
 public:
  static constexpr std::string_view name = "published";
  static constexpr std::string_view summary = "keys and queries are projections of a trained embedding and the value (2021)";

  PublishedModel(Index S, Index d, ProjectionInit init, std::uint64_t seed)
      : S_(S),
        e_(S * 22 / 10),
        E_("E", e_, S, true),
        W_k_("W_k", d, S + e_),
        b_k_("b_k", d, 1),
        W_q_("W_q", d, e_),
        b_q_("b_q", d, 1) {
    const auto projection_bound = [&](Index inputs) {
      return init == ProjectionInit::linear ? T(1) / std::sqrt(T(d)) : std::sqrt(T(6) / T(inputs + d));
    };
    std::uint64_t index = 0;
    const auto draw_uniform = [&](Parameter<T>& parameter, T bound) {
      Stream stream(seed, Purpose::initialization, index++);
      fill_uniform<T>(stream, bound, parameter.value);
    };
    Stream stream(seed, Purpose::initialization, index++);
    fill_normal<T>(stream, E_.value);
    draw_uniform(W_k_, projection_bound(S + e_));
    draw_uniform(b_k_, T(1) / std::sqrt(T(S + e_)));
    draw_uniform(W_q_, projection_bound(e_));
    draw_uniform(b_q_, T(1) / std::sqrt(T(std::max<Index>(e_, 1))));
  }

  void encode(const std::vector<int>& keys, TokenTables<T>& tables) {
    tables.key.noalias() = W_k_.value.rightCols(e_) * E_.value;
    tables.value = W_k_.value.leftCols(S_).colwise() + b_k_.value.col(0);
    asked_.resize(e_, std::ssize(keys));
    for (Index n = 0; n < asked_.cols(); ++n) asked_.col(n) = E_.value.col(keys[n]);
    tables.query.noalias() = W_q_.value * asked_;
    tables.query.colwise() += b_q_.value.col(0);
  }

  void backward(const std::vector<int>& keys, const TokenTables<T>& gradient) {
    W_k_.gradient.rightCols(e_).noalias() = gradient.key * E_.value.transpose();
    W_k_.gradient.leftCols(S_) = gradient.value;
    b_k_.gradient = gradient.value.rowwise().sum();
    W_q_.gradient.noalias() = gradient.query * asked_.transpose();
    b_q_.gradient = gradient.query.rowwise().sum();
    E_.gradient.noalias() = W_k_.value.rightCols(e_).transpose() * gradient.key;
    dasked_.noalias() = W_q_.value.transpose() * gradient.query;
    for (Index n = 0; n < dasked_.cols(); ++n) E_.gradient.col(keys[n]) += dasked_.col(n);
  }

  std::vector<Parameter<T>*> parameters() { return {&E_, &W_k_, &b_k_, &W_q_, &b_q_}; }

 private:
  Index S_, e_;
  Parameter<T> E_;    // e×S, a column a key
  Parameter<T> W_k_;  // d×(S+e)
  Parameter<T> b_k_;  // d×1
  Parameter<T> W_q_;  // d×e
  Parameter<T> b_q_;  // d×1
  Matrix<T> asked_, dasked_;  // e×N, embeddings of the queried keys
};

}  // namespace palimpsest
