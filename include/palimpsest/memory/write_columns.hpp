// Where the writes of an episode look in a step's tables, and the ways between tables and writes: k = key[·] +
// value[·], gates likewise, and the adjoints of both. A write of n steps has a column a step.
#pragma once

#include <algorithm>
#include <vector>

#include "palimpsest/core/packet.hpp"
#include "palimpsest/memory/token_tables.hpp"
#include "palimpsest/task/episode.hpp"

namespace palimpsest {

template <class T>
class WriteColumns {
 public:
  explicit WriteColumns(Index steps_a_write) : steps_a_write_(steps_a_write) {}

  /// Takes the writes of an episode, which must outlive their use.
  void take(const Episode& episode) {
    keys_ = &episode.keys;
    value_columns_ = values_ = &episode.values;
    const int n = static_cast<int>(steps_a_write_);
    if (n == 1) return;
    steps_.keys.clear();
    steps_.value_columns.clear();
    steps_.values.clear();
    for (std::size_t t = 0; t < episode.keys.size(); ++t)
      for (int j = 0; j < n; ++j) {
        steps_.keys.push_back(episode.keys[t] * n + j);
        steps_.value_columns.push_back(episode.values[t] * n + j);
        steps_.values.push_back(episode.values[t]);
      }
    keys_ = &steps_.keys;
    value_columns_ = &steps_.value_columns;
    values_ = &steps_.values;
  }

  /// L, a step each.
  Index size() const { return std::ssize(*keys_); }

  /// Columns of the key table, L.
  const std::vector<int>& keys() const { return *keys_; }

  /// Columns of the value table, L.
  const std::vector<int>& value_columns() const { return *value_columns_; }

  /// What is written, L.
  const std::vector<int>& values() const { return *values_; }

  /// x: d̃×count, the writes from `first` on, from the lifted tables by_key: d̃×S, by_value: d̃×S, or d̃×0 if keys don't
  /// depend on values.
  void gather(const Matrix<T>& by_key, const Matrix<T>& by_value, Index first, MatrixView<T> x) const {
    const Index rows = by_key.rows(), count = x.cols();
    for (Index t = 0; t < count; ++t) {
      const T* key = column(by_key, (*keys_)[first + t]);
      T* out = column(x, t);
      if (by_value.cols() > 0) {
        const T* value = column(by_value, (*value_columns_)[first + t]);
        for_each_packet<T>(rows, [&](auto at) { at.store(at.load(key) + at.load(value), out); });
      } else {
        std::copy_n(key, rows, out);
      }
    }
  }

  /// Its adjoint: adds dx, by the writes from `first` on, to the gradients by the tables.
  void scatter(const Matrix<T>& dx, Index first, Matrix<T>& dby_key, Matrix<T>& dby_value) const {
    for (Index t = 0; t < dx.cols(); ++t) {
      const T* from = column(dx, t);
      T* key = column(dby_key, (*keys_)[first + t]);
      if (dby_value.cols() > 0) {
        T* value = column(dby_value, (*value_columns_)[first + t]);
        for_each_packet<T>(dx.rows(), [&](auto at) {
          const auto d = at.load(from);
          at.store(at.load(key) + d, key);
          at.store(at.load(value) + d, value);
        });
      } else {
        add(from, dx.rows(), key);
      }
    }
  }

  /// gate: L, the sigmoids of the table's logits, or `fixed` if it isn't learnt.
  void open_gate(const GateTable<T>& table, double fixed, Vector<T>& gate) const {
    const Index L = size();
    if (!table.learnt()) {
      gate.setConstant(L, static_cast<T>(fixed));
      return;
    }
    gate.resize(L);
    for (Index t = 0; t < L; ++t) gate(t) = table.key((*keys_)[t]);
    if (table.value.size() > 0)
      for (Index t = 0; t < L; ++t) gate(t) += table.value((*value_columns_)[t]);
    gate = T(1) / (T(1) + (-gate.array()).exp());
  }

  /// Adds gradients by the writes' logits (L) to those by the table's.
  void close_gate(const Vector<T>& dlogit, GateTable<T>& gradient) const {
    for (Index t = 0; t < dlogit.size(); ++t) gradient.key((*keys_)[t]) += dlogit(t);
    if (gradient.value.size() > 0)
      for (Index t = 0; t < dlogit.size(); ++t) gradient.value((*value_columns_)[t]) += dlogit(t);
  }

 private:
  Index steps_a_write_;
  const std::vector<int>*keys_ = nullptr, *value_columns_ = nullptr, *values_ = nullptr;
  struct {
    std::vector<int> keys, value_columns, values;
  } steps_;  // their storage with more than one step a write
};

}  // namespace palimpsest
