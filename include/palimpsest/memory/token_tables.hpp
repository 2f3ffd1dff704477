// What a model hands to a memory. Write t presents the key  k_t = key[key_t] + value[value_t]  and query n asks with
// query[n]: the published model's W_k [v_t; E(key_t)] + b_k, split into its two halves, so that no token is ever formed from
// its S + e inputs. Gates are split the same way, as logits: β_t is the sigmoid of strength.key[key_t] + strength.value[value_t].
//
// A rule of n steps a write has n keys and gates a write: columns key_t·n + j of the tables, j = 0..n−1.
#pragma once

#include "palimpsest/core/types.hpp"

namespace palimpsest {

/// Logits of a gate; both of size 0 if it isn't learnt.
template <class T>
struct GateTable {
  Vector<T> key;    ///< nS
  Vector<T> value;  ///< nS, or 0 where gates don't depend on values

  bool learnt() const { return key.size() > 0; }
};

/// Gates of a memory whose model learns none.
struct FixedGates {
  double beta = 1;
  double alpha = 1;
};

template <class T>
struct TokenTables {
  Matrix<T> key;            ///< d×nS
  Matrix<T> value;          ///< d×nS, or d×0 where keys don't depend on values
  Matrix<T> query;          ///< d×N, a column a query asked
  GateTable<T> strength{};  ///< of β
  GateTable<T> decay{};     ///< of α

  bool keys_depend_on_values() const { return value.cols() > 0; }
};

}  // namespace palimpsest
