// The state's side of a fast weight memory, carried write by write as a recurrent network carries it: W (d_v×p) and the
// accumulator z (p). With D = z·x + ε where the normalisation accumulates and D = 1 where it doesn't, a write (k, v) is
//   ρ = 1/D_{t−1}(k) (0 at the first write if it accumulates),   (a, e, w) = rule.step(k, gates, ρ),
//   W ← a W − e (W k) kᵀ + w v kᵀ ,   z ← z + k ,
// or, of a rule that says no more than its factors (rule/structure.hpp), W ← W (D + a bᵀ) + w v kᵀ, or what the rule itself says
// (rule/carried.hpp); and a read is y = W q / D_t(q). pair/fast_weight.hpp answers the same without W, from the queries' side;
// here is what is in the memory after each write. O(d_v·p) a write and a read; least squares keep p² numbers more per write, and
// solve for W, O(p³ + p²·d_v), when it is next looked at.
//
// All of it is computed in T. What is kept may be kept in a shorter format, Stored: every entry is rounded to it after each
// write (core/precision.hpp), before anything is read. That is z, and
//   momentum_delta   W and M            rls, mesa   H and G, from which W is solved in double, never rounded itself
//   all others       W
//
// What a write does to the answer to its own key:
//   y_t(k) = kept · y_{t−1}(k) + written · v ,   written = w ‖k‖²/D_t ,   kept = (a − e ‖k‖²) D_{t−1}/D_t ,
// with z as it is kept, and W before it is rounded. Of factors kept is kᵀ(D + a bᵀ)k/‖k‖² · D_{t−1}/D_t, what is left of a
// value stored along the key; where features decay by different numbers, what other keys stored answers with another. Rules that
// carry themselves say in their headers what the two are.
// Write and removal are balanced if 1 − kept = written. Source: Schlag, Irie, Schmidhuber 2021 (arXiv 2102.11174), eqs.
// 21–27; the decomposition follows from the recurrence.
#pragma once

#include <cmath>
#include <concepts>
#include <utility>
#include <variant>
#include <vector>

#include "palimpsest/core/precision.hpp"
#include "palimpsest/core/traits.hpp"
#include "palimpsest/normalization/all.hpp"
#include "palimpsest/rule/all.hpp"
#include "palimpsest/rule/carried.hpp"

namespace palimpsest {

/// A rule that decays the state, erases along the key and writes.
template <class R, class T>
concept SteppingRule = requires(const T* k, const Writes<T>& writes) {
  { R::step(k, Index(1), writes, Index(0)) } -> std::same_as<WriteStep<T>>;
};

template <class T, class Stored = T>
class FastWeightState {
 public:
  /// An empty state for values of size d_v and p features.
  FastWeightState(typename Rules<T>::Variant rule, const typename Normalizations<T>::Variant& normalization, Index d_v,
                  Index p);

  /// k: p, a key after feature map and normalisation; v: d_v; gates: in the order of the rule's list; one step of the rule.
  WriteEffect<T> write(ConstVectorView<T> k, ConstVectorView<T> v, const std::vector<T>& gates);

  /// The same with gates of one number per feature, or of one: p×1 or 1×1 each. Without an effect nothing is solved for it.
  void write_gated(ConstVectorView<T> k, ConstVectorView<T> v, const std::vector<Matrix<T>>& gates,
                   WriteEffect<T>* effect = nullptr);

  /// y: d_v, the answer to q: p, a query after feature map and normalisation.
  void read(ConstVectorView<T> q, VectorView<T> y);

  const Matrix<T>& W();                             ///< d_v×p
  const Vector<T>& z() const { return z_; }         ///< p, the sum of all keys written, whether it divides or not
  const Carried<T>& kept() const { return kept_; }  ///< all but z, as it was rounded
  bool accumulates() const { return accumulates_; }

 private:
  T divisor(ConstVectorView<T> x) const { return accumulates_ ? z_.dot(x) + T(kReadOutEpsilon) : T(1); }

  /// Changes W; what is written along k, and what is kept, without divisors.
  WriteEffect<T> step(ConstVectorView<T> k, ConstVectorView<T> v, const WriteStep<T>& step);
  WriteEffect<T> step(ConstVectorView<T> k, ConstVectorView<T> v, const Factors<T>& factors);

  typename Rules<T>::Variant rule_;
  bool accumulates_;
  Carried<T> kept_;
  Vector<T> z_;
  Vector<T> change_;  // d_v
  Writes<T> write_;   // the last one
  Factors<T> factors_;
  Matrix<T> solved_;  // W, if the rule keeps something else
  bool is_solved_ = true;
};

template <class T, class Stored>
FastWeightState<T, Stored>::FastWeightState(typename Rules<T>::Variant rule,
                                            const typename Normalizations<T>::Variant& normalization, Index d_v,
                                            Index p)
    : rule_(std::move(rule)),
      accumulates_(traits_of(normalization).accumulates),
      kept_{Matrix<T>::Zero(d_v, p), {}},
      z_(Vector<T>::Zero(p)),
      change_(d_v),
      solved_(kept_.values) {}

template <class T, class Stored>
WriteEffect<T> FastWeightState<T, Stored>::write(ConstVectorView<T> k, ConstVectorView<T> v,
                                                 const std::vector<T>& gates) {
  std::vector<Matrix<T>> matrices;
  for (const T gate : gates) matrices.push_back(Matrix<T>::Constant(1, 1, gate));
  WriteEffect<T> effect;
  write_gated(k, v, matrices, &effect);
  return effect;
}

template <class T, class Stored>
void FastWeightState<T, Stored>::write_gated(ConstVectorView<T> k, ConstVectorView<T> v,
                                             const std::vector<Matrix<T>>& gates, WriteEffect<T>* effect) {
  const T before = divisor(k);
  write_.gates = gates;
  write_.retrieval.setConstant(1, !accumulates_ ? T(1) : kept_.writes == 0 ? T(0) : T(1) / before);
  WriteEffect<T> undivided{};
  std::visit(
      [&]<class R>(const R& rule) {
        if constexpr (CarriedRule<R, T>) {
          rule.carry(k, v, write_, kept_, effect ? &undivided : nullptr);
        } else if constexpr (SteppingRule<R, T>) {
          undivided = step(k, v, R::step(k.data(), k.size(), write_, 0));
        } else {
          static_assert(RuleOfFactors<R, T>, "a rule has a step, factors, or says how it is carried: rule/carried.hpp");
          R::factors(Matrix<T>(k), write_, factors_);
          undivided = step(k, v, factors_);
        }
      },
      rule_);
  is_solved_ = false;
  z_ += k;
  round_entries<Stored>(kept_.values);
  round_entries<Stored>(kept_.more);
  round_entries<Stored>(z_);
  ++kept_.writes;
  if (!effect) return;
  const T after = divisor(k);
  *effect = {undivided.written / after, undivided.kept * (before / after)};
}

template <class T, class Stored>
WriteEffect<T> FastWeightState<T, Stored>::step(ConstVectorView<T> k, ConstVectorView<T> v, const WriteStep<T>& step) {
  Matrix<T>& W = kept_.values;
  const auto [decay, erase, strength] = step;
  const T squared_norm = k.squaredNorm();
  change_ = strength * v;
  if (erase != T(0)) change_.noalias() -= erase * (W * k);
  if (decay != T(1)) W *= decay;
  W.noalias() += change_ * k.transpose();
  return {strength * squared_norm, decay - erase * squared_norm};
}

template <class T, class Stored>
WriteEffect<T> FastWeightState<T, Stored>::step(ConstVectorView<T> k, ConstVectorView<T> v, const Factors<T>& factors) {
  Matrix<T>& W = kept_.values;
  const Vector<T> written = factors.K.col(0);
  Vector<T> D = Vector<T>::Ones(k.size()), a = Vector<T>::Zero(k.size()), b = a;
  if (factors.structure.decay == Decay::scalar) D.setConstant(std::exp(factors.log_decay(0)));
  if (factors.structure.decay == Decay::diagonal) D = factors.log_decay.col(0).array().exp();
  if (factors.structure.erase == Erase::along) {
    a = -factors.erase(0) * D.cwiseProduct(written);
    b = written;
  }
  if (factors.structure.erase == Erase::free) {
    a = factors.A.col(0);
    b = factors.B.col(0);
  }
  change_.noalias() = W * a;
  W *= D.asDiagonal();
  W.noalias() += change_ * b.transpose();
  W.noalias() += factors.w(0) * v * written.transpose();
  const T left = k.dot(D.cwiseProduct(k)) + k.dot(a) * k.dot(b);
  return {factors.w(0) * written.dot(k), left / k.squaredNorm()};
}

template <class T, class Stored>
const Matrix<T>& FastWeightState<T, Stored>::W() {
  return std::visit(
      [&]<class R>(const R& rule) -> const Matrix<T>& {
        if constexpr (!SolvedRule<R, T>) return kept_.values;
        if constexpr (SolvedRule<R, T>) {
          if (!is_solved_) rule.solve(write_, kept_, solved_);
          is_solved_ = true;
        }
        return solved_;
      },
      rule_);
}

template <class T, class Stored>
void FastWeightState<T, Stored>::read(ConstVectorView<T> q, VectorView<T> y) {
  y.noalias() = (T(1) / divisor(q)) * (W() * q);
  std::visit(
      [&]<class R>(const R& rule) {
        if constexpr (requires { rule.read_out(y); }) rule.read_out(y);
      },
      rule_);
}

// Compiled once, in the library.
extern template class FastWeightState<float>;
extern template class FastWeightState<double>;
extern template class FastWeightState<float, Eigen::bfloat16>;
extern template class FastWeightState<float, Eigen::half>;

}  // namespace palimpsest
