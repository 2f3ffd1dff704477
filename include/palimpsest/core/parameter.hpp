// A trained parameter.
#pragma once

#include <string>
#include <utility>

#include "palimpsest/core/types.hpp"

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

}  // namespace palimpsest
