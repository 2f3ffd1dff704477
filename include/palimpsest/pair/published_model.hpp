// The published mini-model: token t is x = [v_t; E(key_t)] ∈ R^{S+e}, e = ⌊2.2 S⌋, v_t one-hot;
//   k = W_k x + b_k ∈ R^d,   q = W_q E(query) + b_q,   β = σ(W_beta x + b_beta),   α = σ(W_alpha x + b_alpha + 6),
// and every other gate of the rule likewise, from the logit that it starts at.
// A rule of n steps a write has n keys and strengths: n times as many rows in W_k and W_beta.
// x is never formed: with W_k = [W_v W_e],  k = A[key_t] + B[value_t],  A = W_e E (d×S),  B = W_v + b_k (d×S).
// Source: Schlag, Irie, Schmidhuber 2021 (arXiv 2102.11174), section 6.1 and its synthetic code.
#pragma once

#include <fmt/format.h>

#include <cmath>

#include "palimpsest/pair/model.hpp"

namespace palimpsest {

template <class T>
class PublishedModel {
 public:
  static constexpr std::string_view name = "published";
  static constexpr std::string_view summary =
      "keys and queries are projections of a trained embedding and the value (2021)";
  static constexpr bool keys_depend_on_values = true;

  PublishedModel(TokenShape shape, ProjectionInit init, std::uint64_t seed)
      : shape_(shape),
        e_(shape.S * 22 / 10),
        E_("E", e_, shape.S, true),
        W_k_("W_k", shape.steps_per_write * shape.d, shape.S + e_),
        b_k_("b_k", shape.steps_per_write * shape.d, 1),
        W_q_("W_q", shape.d, e_),
        b_q_("b_q", shape.d, 1) {
    for (const LearntGate& gate : shape.gates) gates_.emplace_back(gate, shape.steps_per_write, shape.S + e_);
    const Index S = shape.S, d = shape.d;
    const auto projection_bound = [&](Index inputs) {
      return init == ProjectionInit::linear ? T(1) / std::sqrt(T(d)) : std::sqrt(T(6) / T(inputs + d));
    };
    const T bias_bound = T(1) / std::sqrt(T(S + e_));
    std::uint64_t index = 0;
    const auto draw_uniform = [&](Parameter<T>& parameter, T bound) {
      Stream stream(seed, Purpose::initialization, index++);
      fill_uniform<T>(stream, bound, parameter.value);
    };
    Stream stream(seed, Purpose::initialization, index++);
    fill_normal<T>(stream, E_.value);
    draw_uniform(W_k_, projection_bound(S + e_));
    draw_uniform(b_k_, bias_bound);
    draw_uniform(W_q_, projection_bound(e_));
    draw_uniform(b_q_, T(1) / std::sqrt(T(std::max<Index>(e_, 1))));
    const std::uint64_t first = index;
    for (auto& gate : gates_) {
      index = first + 2 * gate.stream;
      draw_uniform(gate.W, bias_bound);
      draw_uniform(gate.b, bias_bound);
    }
  }

  /// Of encode and backward with N queries: W_e E, W_q E(queries) and their adjoints, and the gates'.
  static Operations operations(const TokenShape& shape, double N) {
    const double S = double(shape.S), e = double(shape.S * 22 / 10), n = double(shape.steps_per_write);
    const double products = 2 * e * (double(shape.d) * (n * S + N) + shape.logits() * S);
    return {products, 2 * products};
  }

  /// Entries of parameters().
  static double parameter_count(const TokenShape& shape) {
    const double S = double(shape.S), e = double(shape.S * 22 / 10), n = double(shape.steps_per_write),
                 d = double(shape.d);
    return e * S + (n * d + shape.logits()) * (S + e + 1) + d * (e + 1);
  }

  void encode(const std::vector<int>& keys, TokenTables<T>& tables) {
    const Index S = shape_.S, n = shape_.steps_per_write;
    tables.key.resize(shape_.d, n * S);
    tables.value.resize(shape_.d, n * S);
    by_token(tables.key).noalias() = W_k_.value.rightCols(e_) * E_.value;
    by_token(tables.value) = W_k_.value.leftCols(S).colwise() + b_k_.value.col(0);
    asked_.resize(e_, std::ssize(keys));
    for (Index i = 0; i < asked_.cols(); ++i) asked_.col(i) = E_.value.col(keys[i]);
    tables.query.noalias() = W_q_.value * asked_;
    tables.query.colwise() += b_q_.value.col(0);
    tables.gates.resize(gates_.size());
    for (std::size_t i = 0; i < gates_.size(); ++i) gates_[i].encode(E_.value, n, tables.gates[i]);
  }

  void backward(const std::vector<int>& keys, const TokenTables<T>& gradient) {
    const auto dkey = by_token(gradient.key), dvalue = by_token(gradient.value);
    W_k_.gradient.rightCols(e_).noalias() = dkey * E_.value.transpose();
    W_k_.gradient.leftCols(shape_.S) = dvalue;
    b_k_.gradient = dvalue.rowwise().sum();
    W_q_.gradient.noalias() = gradient.query * asked_.transpose();
    b_q_.gradient = gradient.query.rowwise().sum();
    E_.gradient.noalias() = W_k_.value.rightCols(e_).transpose() * dkey;
    dasked_.noalias() = W_q_.value.transpose() * gradient.query;
    for (Index i = 0; i < dasked_.cols(); ++i) E_.gradient.col(keys[i]) += dasked_.col(i);
    for (std::size_t i = 0; i < gates_.size(); ++i) gates_[i].backward(E_.value, gradient.gates[i], E_.gradient);
  }

  /// The gates' are there only if they are learnt.
  std::vector<Parameter<T>*> parameters() {
    std::vector<Parameter<T>*> all{&E_, &W_k_, &b_k_, &W_q_, &b_q_};
    for (auto& gate : gates_)
      if (gate.W.value.size() > 0) all.insert(all.end(), {&gate.W, &gate.b});
    return all;
  }

 private:
  /// logits = W [v_t; E(key_t)] + b + start, split by key and by value.
  struct Projection {
    Parameter<T> W;  // n×(S+e), or 0×(S+e) if not learnt; n: steps per write times rows of the gate
    Parameter<T> b;  // n×1
    T start;
    std::uint64_t stream;

    Projection(const LearntGate& gate, Index steps, Index inputs)
        : W(fmt::format("W_{}", gate.name), steps * gate.rows, inputs),
          b(fmt::format("b_{}", gate.name), steps * gate.rows, 1),
          start(static_cast<T>(gate.start)),
          stream(gate.stream) {}

    void encode(const Matrix<T>& E, Index steps, GateTable<T>& table) const {
      const Index n = W.value.rows(), S = E.cols();
      table.key.resize(n / steps, steps * S);
      table.value.resize(n / steps, steps * S);
      if (n == 0) return;
      Eigen::Map<Matrix<T>>(table.key.data(), n, S).noalias() = W.value.rightCols(E.rows()) * E;
      Eigen::Map<Matrix<T>>(table.value.data(), n, S) =
          (W.value.leftCols(S).colwise() + b.value.col(0)).array() + start;
    }

    void backward(const Matrix<T>& E, const GateTable<T>& gradient, Matrix<T>& dE) {
      const Index n = W.value.rows(), S = E.cols();
      if (n == 0) return;
      const Eigen::Map<const Matrix<T>> dkey(gradient.key.data(), n, S), dvalue(gradient.value.data(), n, S);
      W.gradient.rightCols(E.rows()).noalias() = dkey * E.transpose();
      W.gradient.leftCols(S) = dvalue;
      b.gradient = dvalue.rowwise().sum();
      dE.noalias() += W.value.rightCols(E.rows()).transpose() * dkey;
    }
  };

  /// A d×nS table as nd×S: a column a token, its n keys below each other.
  Eigen::Map<Matrix<T>> by_token(Matrix<T>& table) const { return {table.data(), W_k_.value.rows(), shape_.S}; }
  Eigen::Map<const Matrix<T>> by_token(const Matrix<T>& table) const {
    return {table.data(), W_k_.value.rows(), shape_.S};
  }

  TokenShape shape_;
  Index e_;
  Parameter<T> E_;    // e×S, a column a key
  Parameter<T> W_k_;  // nd×(S+e)
  Parameter<T> b_k_;  // nd×1
  Parameter<T> W_q_;  // d×e
  Parameter<T> b_q_;  // d×1
  std::vector<Projection> gates_;
  Matrix<T> asked_, dasked_;  // e×N, embeddings of the queried keys
};

}  // namespace palimpsest
