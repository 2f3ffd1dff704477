// What an update rule is, seen from the queries: retrieval coefficients C(K, gates, Q), so that outputs are Y = V C.
//
//   name, summary, [argument]                      see core/registry.hpp
//   traits                                         what it says of itself: RuleTraits
//   gates                                          a std::array of its gates (rule/gate.hpp), in the order of Writes
//   steps_per_write()                                n: K then has n columns a write, each with its gates
//   Workspace                                      what backward needs of coefficients
//   coefficients(K, writes, Q, C, workspace)       K: p×L (or a block of it), Q: p×N, C: L×N
//   backward(first, K, writes, Q, C, dC,           after coefficients of the same K and Q; dK (p×L) is overwritten,
//            workspace, dK, dwrites, dQ)           dwrites and dQ (p×N) accumulate; first is 0
//   backward(…, dQ, division)                      optional: dK is then by the keys as they were before the division. Such
//                                                  a rule's backward of one query also takes a block of the writes, those
//                                                  from `first` on, an even number, the oldest block first: K, C, dC and
//                                                  dK are the block's, gates all
//   operations(shape)                              how many coefficients and backward need (core/operations.hpp)
//
// Queries are asked after the last write given; a query after write r is asked by giving the first r writes.
// Most rules are a line of rule/recurrence.hpp. One that isn't linear in the values has no coefficients: see
// rule/fwm2021.hpp.
#pragma once

#include <concepts>
#include <span>
#include <string_view>
#include <vector>

#include "palimpsest/core/operations.hpp"
#include "palimpsest/core/types.hpp"
#include "palimpsest/rule/gate.hpp"

namespace palimpsest {

/// The gates of L writes, or gradients by them.
template <class T>
struct Writes {
  std::vector<Matrix<T>>
      gates;  ///< in the order of the rule's list: 1×L, or p×L if it has one per feature; constants ×1
  Vector<T>
      retrieval;  ///< L, ρ_t, factor on the retrieved value: 1, or 1/(z_{t−1}·k_t + ε) under attention normalisation

  /// Gate i of all writes, if it is one number per write.
  auto gate(int i) const { return Eigen::Map<const Vector<T>>(gates[i].data(), gates[i].size()); }
  auto gate(int i) { return Eigen::Map<Vector<T>>(gates[i].data(), gates[i].size()); }

  /// Zeros of the shape of another's.
  void clear_like(const Writes& other) {
    gates.resize(other.gates.size());
    for (std::size_t i = 0; i < gates.size(); ++i) gates[i].setZero(other.gates[i].rows(), other.gates[i].cols());
    retrieval.setZero(other.retrieval.size());
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

/// What a rule says of itself. One that looks first is written `static constexpr RuleTraits traits{.retrieves = true};`.
struct RuleTraits {
  bool separable = false;        ///< c_{t,n} = k_t·q_n: each write answers as if alone, in any blocks
  bool retrieves = false;        ///< a write first retrieves what its key holds: v̄ = ρ W k
  bool knows_order = true;       ///< the state depends on the order of the writes
  bool linear_in_values = true;  ///< or else it has answers and no coefficients: rule/fwm2021.hpp
  bool looks_at_norm = false;    ///< of a recurrence: its shares use ‖k‖²
  bool may_reflect = false;      ///< β may go up to 2, so that 1 − β‖k‖² may be negative
  /// Why no normalisation may divide its read-out, {0} being its name and {1} the normalisation's; empty if one may.
  std::string_view refuses_divisor{};
  /// Floats of state beside W (d_v×p), from p and d_v; none without it.
  Index (*more_state)(Index p, Index d_v) = nullptr;

  /// What β may be at most.
  constexpr double largest_strength() const { return may_reflect ? 2 : 1; }

  /// What β is at most, if the option of this name is `chosen`.
  constexpr double largest_beta(double chosen) const { return may_reflect ? chosen : 1; }
};

/// Sizes of one call: N queries after L writes with p features and S values.
struct RuleShape {
  double S, L, N, p;
};

template <class R>
concept AnyRule = requires(const R rule) {
  { R::name } -> std::convertible_to<std::string_view>;
  { R::summary } -> std::convertible_to<std::string_view>;
  { R::traits } -> std::same_as<const RuleTraits&>;
  { R::gates.size() } -> std::convertible_to<std::size_t>;
  { rule.steps_per_write() } -> std::same_as<Index>;
  { R::operations(RuleShape()) } -> std::same_as<Operations>;
};

template <class R, class T>
concept Rule = AnyRule<R> && requires(const R rule, ConstMatrixView<T> in, MatrixView<T> out, const Writes<T>& writes,
                                      Writes<T>& dwrites, typename R::Workspace& workspace) {
  rule.coefficients(in, writes, in, out, workspace);
  rule.backward(Index(0), in, writes, in, in, in, workspace, out, dwrites, out);
};

/// Its backward takes blocks of the writes, and a Division.
template <class R, class T>
concept RuleInBlocks = Rule<R, T> &&
    requires(const R rule, ConstMatrixView<T> in, MatrixView<T> out, const Writes<T>& writes, Writes<T>& dwrites,
             typename R::Workspace& workspace, const Division<T>& division) {
  rule.backward(Index(0), in, writes, in, in, in, workspace, out, dwrites, out, division);
};

/// A rule whose coefficients know positions: seen: N, writes that a query sees, or empty if each sees all.
template <class R, class T>
concept RuleWithPositions = AnyRule<R> &&
    requires(const R rule, ConstMatrixView<T> in, MatrixView<T> out, const Writes<T>& writes, Writes<T>& dwrites,
             std::span<const Index> seen, typename R::Workspace& workspace) {
  rule.coefficients(in, writes, in, seen, out, workspace);
  rule.backward(in, writes, in, seen, in, workspace, out, dwrites, out);
};

}  // namespace palimpsest
