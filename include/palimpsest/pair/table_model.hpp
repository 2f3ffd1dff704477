// The model as the 2021 paper's text describes it: key i is a row of a learnt S×d table. Queries have a table of their own
// (`table`) or use the keys' (`table_shared`). Entries start as N(0, 1/d), so that keys have about unit length. Gates are
// learnt a key: logits that start where the gate says, at 0 for β = ½ and at 6 for α = 0.9975. A rule of n steps a write has n keys and strengths
// a key; `table_shared` asks with the mean of the n.
// Source: Schlag, Irie, Schmidhuber 2021 (arXiv 2102.11174), section 6.1.
#pragma once

#include <cmath>

#include "palimpsest/pair/model.hpp"

namespace palimpsest {

template <class T, bool shared>
class KeyTableModel {
 public:
  static constexpr std::string_view name = shared ? "table_shared" : "table";
  static constexpr std::string_view summary =
      shared ? "one learnt table of keys, which queries use too" : "a learnt table of keys and one of queries";
  static constexpr bool keys_depend_on_values = false;

  KeyTableModel(TokenShape shape, ProjectionInit, std::uint64_t seed)
      : shape_(shape),
        keys_("keys", shape.steps_per_write * shape.d, shape.S, true),
        queries_("queries", shape.d, shared ? 0 : shape.S, true) {
    std::uint64_t index = 0;
    for (auto* parameter : {&keys_, &queries_}) {
      if (parameter->value.size() == 0) continue;
      Stream stream(seed, Purpose::initialization, index++);
      fill_normal<T>(stream, parameter->value);
      parameter->value /= std::sqrt(T(shape.d));
    }
    for (const LearntGate& gate : shape.gates) {
      auto& logits = gates_.emplace_back(std::string(gate.name), shape.steps_per_write * gate.rows, shape.S, true);
      logits.value.setConstant(static_cast<T>(gate.start));
    }
  }

  /// Of encode and backward with N queries.
  static Operations operations(const TokenShape& shape, double N) {
    const double mean = shared ? double(shape.steps_per_write * shape.d) * N : 0;
    return {mean, shared ? 2 * mean : double(shape.d) * N};
  }

  /// Entries of parameters().
  static double parameter_count(const TokenShape& shape) {
    const double S = double(shape.S), n = double(shape.steps_per_write), d = double(shape.d);
    return S * (n * d + (shared ? 0 : d) + shape.logits());
  }

  void encode(const std::vector<int>& keys, TokenTables<T>& tables) {
    const Index d = shape_.d, n = shape_.steps_per_write;
    tables.key = keys_.value.reshaped(d, n * shape_.S);
    tables.value.resize(d, 0);
    tables.query.resize(d, std::ssize(keys));
    for (Index i = 0; i < tables.query.cols(); ++i) {
      if (shared)
        tables.query.col(i) = tables.key.middleCols(keys[i] * n, n).rowwise().mean();
      else
        tables.query.col(i) = queries_.value.col(keys[i]);
    }
    tables.gates.resize(gates_.size());
    for (std::size_t i = 0; i < gates_.size(); ++i)
      tables.gates[i].key = gates_[i].value.reshaped(gates_[i].value.rows() / n, n * shape_.S);
  }

  void backward(const std::vector<int>& keys, const TokenTables<T>& gradient) {
    const Index d = shape_.d, n = shape_.steps_per_write;
    queries_.gradient.setZero();
    keys_.gradient = gradient.key.reshaped(n * d, shape_.S);
    for (Index i = 0; i < gradient.query.cols(); ++i) {
      if (shared)
        for (Index j = 0; j < n; ++j)
          keys_.gradient.col(keys[i]).segment(j * d, d) += gradient.query.col(i) / static_cast<T>(n);
      else
        queries_.gradient.col(keys[i]) += gradient.query.col(i);
    }
    for (std::size_t i = 0; i < gates_.size(); ++i)
      gates_[i].gradient = gradient.gates[i].key.reshaped(gates_[i].value.rows(), shape_.S);
  }

  /// Only what is learnt.
  std::vector<Parameter<T>*> parameters() {
    std::vector<Parameter<T>*> all;
    for (auto* parameter : {&keys_, &queries_})
      if (parameter->value.size() > 0) all.push_back(parameter);
    for (auto& logits : gates_)
      if (logits.value.size() > 0) all.push_back(&logits);
    return all;
  }

 private:
  TokenShape shape_;
  Parameter<T> keys_;                // nd×S, a column a key
  Parameter<T> queries_;             // d×S, or d×0 if shared
  std::vector<Parameter<T>> gates_;  // logits, n·rows×S each, or 0×S
};

template <class T>
using TableModel = KeyTableModel<T, false>;
template <class T>
using SharedTableModel = KeyTableModel<T, true>;

}  // namespace palimpsest
