// The model as the 2021 paper's text describes it: key i is a row of a learnt S×d table. Queries have a table of their own
// (`table`) or use the keys' (`table_shared`). Entries start as
// N(0, 1/d), so that keys have about unit length.
// Source: Schlag, Irie, Schmidhuber 2021 (arXiv 2102.11174), section 6.1.
#pragma once

#include <cmath>

#include "palimpsest/model/model.hpp"

namespace palimpsest {

template <class T, bool shared>
class KeyTableModel {
 public:
  static constexpr std::string_view name = shared ? "table_shared" : "table";
  static constexpr std::string_view summary =
      shared ? "one learnt table of keys, which queries use too" : "a learnt table of keys and one of queries";

  KeyTableModel(Index S, Index d, ProjectionInit, std::uint64_t seed) : keys_("keys", d, S, true), queries_("queries", d, shared ? 0 : S, true) {
    std::uint64_t index = 0;
    for (auto* parameter : parameters()) {
      Stream stream(seed, Purpose::initialization, index++);
      fill_normal<T>(stream, parameter->value);
      parameter->value /= std::sqrt(T(d));
    }
  }

  void encode(const std::vector<int>& keys, TokenTables<T>& tables) {
    tables.key = keys_.value;
    tables.value.resize(keys_.value.rows(), 0);
    tables.query.resize(keys_.value.rows(), std::ssize(keys));
    for (Index n = 0; n < tables.query.cols(); ++n) tables.query.col(n) = query_table().value.col(keys[n]);
  }

  void backward(const std::vector<int>& keys, const TokenTables<T>& gradient) {
    queries_.gradient.setZero();
    keys_.gradient = gradient.key;
    for (Index n = 0; n < gradient.query.cols(); ++n) query_table().gradient.col(keys[n]) += gradient.query.col(n);
  }

  std::vector<Parameter<T>*> parameters() {
    if (shared) return {&keys_};
    return {&keys_, &queries_};
  }

 private:
  Parameter<T>& query_table() { return shared ? keys_ : queries_; }

  Parameter<T> keys_;     // d×S, a column a key
  Parameter<T> queries_;  // d×S, or d×0 if shared
};

template <class T>
using TableModel = KeyTableModel<T, false>;
template <class T>
using SharedTableModel = KeyTableModel<T, true>;

}  // namespace palimpsest
