// What a model hands to a memory. Write t presents the key  k_t = key[key_t] + value[value_t]  and query n asks with
// query[n]: the published model's W_k [v_t; E(key_t)] + b_k, split into its two halves, so that no token is ever formed from
// its S + e inputs. Gates are split the same way, as logits: a gate of write t is the sigmoid of key[key_t] + value[value_t] of
// its table.
//
// A rule of n steps a write has n keys and gates a write: columns key_t·n + j of the tables, j = 0..n−1.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "palimpsest/core/types.hpp"

namespace palimpsest {

/// A gate as a model learns it: n·rows logits per token, n steps per write.
struct LearntGate {
  std::string_view name;
  Index rows;  ///< 1, or p; 0 if it isn't learnt
  double start;
  std::uint64_t stream;  ///< see rule/gate.hpp
};

/// What a memory asks of a token.
struct TokenShape {
  Index S;                          ///< keys, and values
  Index d;                          ///< size of a key before the feature map
  Index steps_per_write = 1;        ///< n keys, and n times its gates, per write
  std::vector<LearntGate> gates{};  ///< in the order of the rule's list

  /// Logits per token.
  double logits() const {
    double sum = 0;
    for (const auto& gate : gates) sum += double(gate.rows * steps_per_write);
    return sum;
  }
};

/// How projections start: U(±1/√d) for linear memories, Xavier uniform for softmax attention, as published.
enum class ProjectionInit { linear, softmax };

/// Logits of a gate; both of size 0 if it isn't learnt.
template <class T>
struct GateTable {
  Matrix<T> key;    ///< rows×nS, rows: 1, or p of a gate per feature
  Matrix<T> value;  ///< rows×nS, or rows×0 where gates don't depend on values

  bool learnt() const { return key.size() > 0; }
};

template <class T>
struct TokenTables {
  Matrix<T> key;                      ///< d×nS
  Matrix<T> value;                    ///< d×nS, or d×0 where keys don't depend on values
  Matrix<T> query;                    ///< d×N, a column a query asked
  std::vector<GateTable<T>> gates{};  ///< in the order of the rule's list; none of a model that learns none

  bool keys_depend_on_values() const { return value.cols() > 0; }
};

}  // namespace palimpsest
