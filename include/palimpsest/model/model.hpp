// What a mini-model is: trained parameters and the tables they make for a memory.
//
//   name, summary                         see core/registry.hpp
//   Model(S, d, init, seed)               parameters as drawn
//   encode(keys, tables)                  tables for all S keys and values, and the queries of these N keys
//   backward(keys, gradient)              parameter gradients (overwritten) from those of the tables; after encode
//   parameters()                          the trained parameters, in a fixed order
#pragma once

#include <string>
#include <vector>

#include "palimpsest/core/random.hpp"
#include "palimpsest/memory/token_tables.hpp"

namespace palimpsest {

template <class T>
struct Parameter {
  std::string name;
  Matrix<T> value;
  Matrix<T> gradient;

  bool one_column_a_key;  ///< a table of keys; the others are projections and biases

  Parameter(std::string name, Index rows, Index cols, bool one_column_a_key = false)
      : name(std::move(name)), value(rows, cols), gradient(rows, cols), one_column_a_key(one_column_a_key) {}
};

/// How projections start: U(±1/√d) for linear memories, Xavier uniform for softmax attention, as published.
enum class ProjectionInit { linear, softmax };

}  // namespace palimpsest
