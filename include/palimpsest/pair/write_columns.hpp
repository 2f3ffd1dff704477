// Where the writes of an episode look in a step's tables, and the ways between tables and writes: k = key[·] +
// value[·], gates likewise, and the adjoints of both. A write of n steps has a column a step.
#pragma once

#include <algorithm>
#include <vector>

#include "palimpsest/core/packet.hpp"
#include "palimpsest/pair/token_tables.hpp"
#include "palimpsest/task/episode.hpp"

namespace palimpsest {

template <class T>
class WriteColumns {
 public:
  explicit WriteColumns(Index steps_per_write) : steps_per_write_(steps_per_write) {}

  /// Takes the writes of an episode, which must outlive their use.
  void take(const Episode& episode) {
    keys_ = &episode.keys;
    value_columns_ = values_ = &episode.values;
    const int n = static_cast<int>(steps_per_write_);
    if (n == 1) return;
    const std::size_t L = episode.keys.size();
    for (auto* steps : {&steps_.keys, &steps_.value_columns, &steps_.values}) steps->resize(L * n);
    for (std::size_t t = 0, at = 0; t < L; ++t)
      for (int j = 0; j < n; ++j, ++at) {
        steps_.keys[at] = episode.keys[t] * n + j;
        steps_.value_columns[at] = episode.values[t] * n + j;
        steps_.values[at] = episode.values[t];
      }
    keys_ = &steps_.keys;
    value_columns_ = &steps_.value_columns;
    values_ = &steps_.values;
  }

  Index steps_per_write() const { return steps_per_write_; }

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

  /// Logits of a gate that is learnt, rows×L, from those of its table.
  void gather_logits(const GateTable<T>& table, Matrix<T>& logits) const {
    const Index L = size(), rows = table.key.rows();
    logits.resize(rows, L);
    for_each_logit(*keys_, rows, [&](Index at, Index i) { logits.data()[i] = table.key.data()[at]; });
    if (table.value.size() > 0)
      for_each_logit(*value_columns_, rows, [&](Index at, Index i) { logits.data()[i] += table.value.data()[at]; });
  }

  /// Adds gradients by the writes' logits (rows×L) to those by the table's.
  void scatter_logits(const Matrix<T>& dlogit, GateTable<T>& gradient) const {
    const Index rows = dlogit.rows();
    for_each_logit(*keys_, rows, [&](Index at, Index i) { gradient.key.data()[at] += dlogit.data()[i]; });
    if (gradient.value.size() > 0)
      for_each_logit(*value_columns_, rows, [&](Index at, Index i) { gradient.value.data()[at] += dlogit.data()[i]; });
  }

 private:
  /// Calls f(where in a table, where among the writes) for each of `rows` logits per write. One per write, the usual case, is
  /// a loop of its own.
  template <class F>
  static void for_each_logit(const std::vector<int>& columns, Index rows, F&& f) {
    const Index L = std::ssize(columns);
    if (rows == 1) {
      for (Index t = 0; t < L; ++t) f(columns[t], t);
    } else {
      for (Index t = 0; t < L; ++t)
        for (Index row = 0; row < rows; ++row) f(columns[t] * rows + row, t * rows + row);
    }
  }

  Index steps_per_write_;
  const std::vector<int>*keys_ = nullptr, *value_columns_ = nullptr, *values_ = nullptr;
  struct {
    std::vector<int> keys, value_columns, values;
  } steps_;  // their storage with more than one step a write
};

}  // namespace palimpsest
