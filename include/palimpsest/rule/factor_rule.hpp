// A rule that says its factors and leaves the rest to the engine (engine/): from the keys K (p×L) of L writes and their gates,
//   factors(K, writes, factors)                      sizes and sets the factors
//   factors_backward(K, writes, dfactors, dK, dwrites)   its adjoint: adds to dK and to the gradients by the gates
// and `structure_of()`, what D and a bᵀ are. ρ, what a normalisation divides a retrieved value by, is a factor on what is erased.
#pragma once

#include <algorithm>
#include <concepts>
#include <limits>

#include "palimpsest/rule/factors.hpp"
#include "palimpsest/rule/rule.hpp"

namespace palimpsest {

/// A rule of factors: its own, or those of a recurrence.
template <class R, class T>
concept RuleOfFactors = requires(ConstMatrixView<T> K, const Writes<T>& writes, Factors<T>& factors, MatrixView<T> dK,
                                 Writes<T>& dwrites) {
  { R::structure_of() } -> std::convertible_to<Structure>;
  R::factors(K, writes, factors);
  R::factors_backward(K, writes, factors, dK, dwrites);
};

/// What a rule that has nothing but its factors says of itself; it derives from this.
template <class Rule, class T>
struct FactorRule {
  static Index steps_per_write() { return 1; }
  static constexpr Structure structure_of() { return Rule::structure; }
  struct Workspace {};

  // Per write, feature and query: k·u 2, b·u 2 where that is another, u + a s 2, D ∘ u 1; back twice as many. Many queries
  // together also need the products of a chunk's keys.
  static Operations operations(const RuleShape& x) {
    constexpr Structure is = Rule::structure;
    const double one = 2.0 * double(is.sides()) + (is.erases() ? 2 : 0) + (is.decays() ? 1 : 0);
    const double among = x.N > 1 && is.erases() ? 2.0 * double(is.sides()) * std::min(64.0, x.L) : 0;
    return {x.L * x.p * (one * x.N + among), 2 * x.L * x.p * (one * x.N + among)};
  }
};

/// log α of a gate per write or per feature; the smallest number where α is 0.
template <class T>
Matrix<T> log_of(const Matrix<T>& alpha) {
  return alpha.array().max(std::numeric_limits<T>::min()).log();
}

/// Adds to dα what comes from d log α.
template <class T>
void log_of_backward(const Matrix<T>& alpha, const Matrix<T>& dlog, Matrix<T>& dalpha) {
  dalpha.array() += dlog.array() / alpha.array().max(std::numeric_limits<T>::min());
}

}  // namespace palimpsest
