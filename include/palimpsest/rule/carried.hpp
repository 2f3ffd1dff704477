// A rule whose state isn't W ← W (D + a bᵀ) + w v kᵀ alone says itself how it is carried from write to write:
//   carry(k, v, write, state, effect)   one write. k: p; v: d_v; write: its gates, and ρ; effect: what the write did to the
//                                       answer to its own key, or null
//   solve(write, state, W)              of a rule that keeps something else than W (d_v×p): W from what it keeps; write: the last
//   read_out(y)                         of a rule whose answer isn't W q: makes W q (d_v) its answer, in place
//   go_on(before, work, Y)              of a rule with coefficients for queries at any position: after these, adds to Y (d_v×N)
//                                       what the state `before` the first write answers
//   go_on_backward(before, dY, work)    its adjoint, by what is left of the queries there; before the rule's own. `before` is a
//                                       constant
// It is what coefficients and answers of the same rule are tested against, and what a trace follows.
#pragma once

#include <concepts>

#include "palimpsest/rule/rule.hpp"

namespace palimpsest {

/// What is kept from write to write. A format of fewer bits rounds both matrices after each write.
template <class T>
struct Carried {
  Matrix<T> values;  ///< d_v×p: W, or what W is solved from
  Matrix<T> more;    ///< what the rule keeps beside it, 0×0 before the first write
  Index writes = 0;  ///< so far

  template <class Archive>
  void state(Archive& archive) {
    archive(values, more, writes);
  }
};

/// How a write changed the answer to its own key.
template <class T>
struct WriteEffect {
  T written;  ///< share of the new value in the answer
  T kept;     ///< factor on what the key retrieved before
};

template <class R, class T>
concept CarriedRule = requires(const R rule, ConstVectorView<T> k, ConstVectorView<T> v, const Writes<T>& write,
                               Carried<T>& state, WriteEffect<T>* effect) {
  rule.carry(k, v, write, state, effect);
};

template <class R, class T>
concept RuleThatGoesOn = CarriedRule<R, T> && requires(const R rule, const Carried<T>& before, ConstMatrixView<T> dY,
                                                       typename R::Workspace& work, MatrixView<T> Y) {
  rule.go_on(before, work, Y);
  rule.go_on_backward(before, dY, work);
};

template <class R, class T>
concept SolvedRule = CarriedRule<R, T> &&
    requires(const R rule, const Writes<T>& write, const Carried<T>& state, Matrix<T>& W) {
  rule.solve(write, state, W);
};

}  // namespace palimpsest
