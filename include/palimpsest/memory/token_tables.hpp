// What a model hands to a memory. Write t presents the key  k_t = key[key_t] + value[value_t]  and query n asks with
// query[n]: the published model's W_k [v_t; E(key_t)] + b_k, split into its two halves, so that no token is ever formed from
// its S + e inputs.
#pragma once

#include "palimpsest/core/types.hpp"

namespace palimpsest {

template <class T>
struct TokenTables {
  Matrix<T> key;    ///< d×S
  Matrix<T> value;  ///< d×S, or d×0 where keys don't depend on values
  Matrix<T> query;  ///< d×N, a column a query asked

  bool keys_depend_on_values() const { return value.cols() > 0; }
};

}  // namespace palimpsest
