// What an update rule is, seen from the queries: retrieval coefficients C(K, gates, Q), so that outputs are Y = V C.
//
//   name, summary, [argument]                      see core/registry.hpp
//   separable                                      c_{t,n} = k_t·q_n: each write answers as if alone, in any blocks
//   uses_strength, uses_decay                      whether it has a write strength β, a decay α
//   largest_strength                               β is in [0, largest_strength]
//   retrieves                                      whether a write first retrieves what its key holds: v̄ = ρ W k
//   knows_order                                    whether the state depends on the order of the writes
//   steps_a_write()                                n: K then has n columns a write, each with its gates
//   Workspace                                      what backward needs of coefficients
//   coefficients(K, writes, Q, C, workspace)       K: p×L (or a block of it), Q: p×N, C: L×N
//   backward(first, K, writes, Q, C, dC,           after coefficients of the same K and Q; dK (p×L) is overwritten,
//            workspace, dK, dwrites, dQ)           dwrites and dQ (p×N) accumulate; first is 0
//   in_blocks                                      whether backward of one query also takes a block of the writes,
//                                                  those from `first` on, an even number, the oldest block first: K,
//                                                  C, dC and dK are the block's, gates all
//   undivides                                      optional: backward also takes a Division, and dK is then by the keys
//                                                  as they were before it
//   operations(shape)                              how many coefficients and backward need (core/operations.hpp)
//
// Queries are asked after the last write given; a query after write r is asked by giving the first r writes.
// Most rules are a line of rule/recurrence.hpp. One that isn't linear in the values has no coefficients: see
// rule/fwm2021.hpp.
#pragma once

#include <concepts>
#include <string_view>

#include "palimpsest/core/operations.hpp"
#include "palimpsest/core/types.hpp"

namespace palimpsest {

/// The gates of the writes, L each.
template <class T>
struct Writes {
  Vector<T> beta;   ///< β_t, how much is written
  Vector<T> alpha;  ///< α_t, how much is kept of the rest
  Vector<T> retrieval;  ///< ρ_t, factor on the retrieved value: 1, or 1/(z_{t−1}·k_t + ε) under attention normalisation

  void set_constant(Index L, T value) {
    for (auto* gate : {&beta, &alpha, &retrieval}) gate->setConstant(L, value);
  }
};

/// How keys were made: k = scale · φ with scale = 1/σ(φ), of which the adjoint is
///   dφ = scale (dk − (k·dk) ∇σ) ,   ∇σ = ones 1 + own k .
/// The rule knows k·dk before it knows dk, and so spares two passes over what it has just written.
template <class T>
struct Division {
  const Vector<T>* scale = nullptr;  ///< L; nothing if keys weren't divided
  T ones = 0, own = 0;
};

/// Sizes of one call: N queries after L writes with p features and S values.
struct RuleShape {
  double S, L, N, p;
};

template <class R>
concept RuleTraits = requires(const R rule) {
  { R::name } -> std::convertible_to<std::string_view>;
  { R::summary } -> std::convertible_to<std::string_view>;
  { R::separable } -> std::convertible_to<bool>;
  { R::uses_strength } -> std::convertible_to<bool>;
  { R::uses_decay } -> std::convertible_to<bool>;
  { R::largest_strength } -> std::convertible_to<double>;
  { R::retrieves } -> std::convertible_to<bool>;
  { R::knows_order } -> std::convertible_to<bool>;
  { R::in_blocks } -> std::convertible_to<bool>;
  { rule.steps_a_write() } -> std::same_as<Index>;
  { R::operations(RuleShape()) } -> std::same_as<Operations>;
};

template <class R, class T>
concept Rule = RuleTraits<R> &&
    requires(const R rule, ConstMatrixView<T> in, MatrixView<T> out, const Writes<T>& writes, Writes<T>& dwrites,
             typename R::Workspace& workspace) {
  rule.coefficients(in, writes, in, out, workspace);
  rule.backward(Index(0), in, writes, in, in, in, workspace, out, dwrites, out);
};

}  // namespace palimpsest
