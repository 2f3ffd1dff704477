// What an update rule is, seen from the queries: retrieval coefficients C(K, Q), so that the outputs are Y = V C.
//
//   name, summary                         see core/registry.hpp
//   separable                             c_{t,n} = k_t·q_n: each write answers as if alone, in any blocks
//   coefficients(K, Q, C)                 K: p×L (or a block of it), Q: p×N, C: L×N
//   backward(K, Q, C, dC, dK, dQ)         dK (p×L) is overwritten, dQ (p×N) accumulates
//
// Queries are asked after the last write given; a query after write r is asked by giving the first r writes.
#pragma once

#include <concepts>
#include <string_view>

#include "palimpsest/core/types.hpp"

namespace palimpsest {

template <class R, class T>
concept Rule = requires(const R rule, ConstMatrixView<T> in, MatrixView<T> out) {
  { R::name } -> std::convertible_to<std::string_view>;
  { R::summary } -> std::convertible_to<std::string_view>;
  { R::separable } -> std::convertible_to<bool>;
  rule.coefficients(in, in, out);
  rule.backward(in, in, in, in, out, out);
};

}  // namespace palimpsest
