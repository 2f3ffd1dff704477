// The state's side of a fast weight memory, carried write by write as a recurrent network carries it: W (d_v×p) and the
// accumulator z (p). With D = z·x + ε where the normalisation accumulates and D = 1 where it doesn't, a write (k, v) is
//   ρ = 1/D_{t−1}(k) (0 at the first write if it accumulates),   (a, e, w) = rule.step(k, gates, ρ),
//   W ← a W − e (W k) kᵀ + w v kᵀ ,   z ← z + k ,
// or, of a rule that says no more than its factors (rule/structure.hpp), W ← W (D + a bᵀ) + w v kᵀ; and a read is y = W q / D_t(q). pair/fast_weight.hpp answers the same without W, from the queries' side; here is
// what is in the memory after each write. O(d_v·p) a write and a read.
//
// All of it is computed in T. W and z may be kept in a shorter format, Stored: every entry is rounded to it after each
// write (core/precision.hpp), before anything is read.
//
// What a write does to the answer to its own key:
//   y_t(k) = kept · y_{t−1}(k) + written · v ,   written = w ‖k‖²/D_t ,   kept = (a − e ‖k‖²) D_{t−1}/D_t ,
// with z as it is kept, and W before it is rounded. Of factors kept is kᵀ(D + a bᵀ)k/‖k‖² · D_{t−1}/D_t, what is left of a
// value stored along the key; where features decay by different numbers, what other keys stored answers with another.
// Write and removal are balanced if 1 − kept = written. Source: Schlag, Irie, Schmidhuber 2021 (arXiv 2102.11174), eqs.
// 21–27; the decomposition follows from the recurrence.
#pragma once

#include <fmt/format.h>

#include <cmath>
#include <concepts>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "palimpsest/core/precision.hpp"
#include "palimpsest/core/traits.hpp"
#include "palimpsest/normalization/all.hpp"
#include "palimpsest/rule/all.hpp"

namespace palimpsest {

/// A rule that decays the state, erases along the key and writes.
template <class R, class T>
concept SteppingRule = requires(const T* k, const Writes<T>& writes) {
  { R::step(k, Index(1), writes, Index(0)) } -> std::same_as<WriteStep<T>>;
};

/// How a write changed the answer to its own key.
template <class T>
struct WriteEffect {
  T written;  ///< share of the new value in the answer
  T kept;     ///< factor on what the key retrieved before
};

template <class T, class Stored = T>
class FastWeightState {
 public:
  /// An empty state for values of size d_v and p features. Throws ConfigurationError for a rule without a step.
  FastWeightState(typename Rules<T>::Variant rule, const typename Normalizations<T>::Variant& normalization, Index d_v,
                  Index p);

  /// k: p, a key after feature map and normalisation; v: d_v; gates: in the order of the rule's list; one step of the rule.
  WriteEffect<T> write(ConstVectorView<T> k, ConstVectorView<T> v, const std::vector<T>& gates);

  /// The same with gates of one number per feature, or of one: p×1 or 1×1 each.
  WriteEffect<T> write_gated(ConstVectorView<T> k, ConstVectorView<T> v, const std::vector<Matrix<T>>& gates);

  /// y: d_v, the answer to q: p, a query after feature map and normalisation.
  void read(ConstVectorView<T> q, VectorView<T> y) const;

  const Matrix<T>& W() const { return W_; }  ///< d_v×p
  const Vector<T>& z() const {
    return z_;
  }  ///< p, the sum of all keys written, whether the normalisation uses it or not
  Index steps() const { return steps_; }
  bool accumulates() const { return accumulates_; }

 private:
  T divisor(ConstVectorView<T> x) const { return accumulates_ ? z_.dot(x) + T(kReadOutEpsilon) : T(1); }

  /// Changes W; what is written along k, and what is kept, without divisors.
  WriteEffect<T> step(ConstVectorView<T> k, ConstVectorView<T> v, const WriteStep<T>& step);
  WriteEffect<T> step(ConstVectorView<T> k, ConstVectorView<T> v, const Factors<T>& factors);

  static std::string steppers() {
    std::string names;
    Rules<T>::for_each([&]<class R>() {
      if constexpr (RuleOfFactors<R, T>) names += (names.empty() ? "" : ", ") + usage<R>();
    });
    return names;
  }

  typename Rules<T>::Variant rule_;
  bool accumulates_;
  Matrix<T> W_;
  Vector<T> z_;
  Vector<T> change_;  // d_v
  Writes<T> write_;   // the last one
  Factors<T> factors_;
  Index steps_ = 0;
};

template <class T, class Stored>
FastWeightState<T, Stored>::FastWeightState(typename Rules<T>::Variant rule,
                                            const typename Normalizations<T>::Variant& normalization, Index d_v,
                                            Index p)
    : rule_(std::move(rule)),
      accumulates_(traits_of(normalization).accumulates),
      W_(Matrix<T>::Zero(d_v, p)),
      z_(Vector<T>::Zero(p)),
      change_(d_v) {
  std::visit(
      []<class R>(const R&) {
        if constexpr (!RuleOfFactors<R, T>)
          throw ConfigurationError(
              fmt::format("rule '{}' changes its state by more than decay, erasure and a write; known here: {}",
                          R::name, steppers()));
      },
      rule_);
}

template <class T, class Stored>
WriteEffect<T> FastWeightState<T, Stored>::write(ConstVectorView<T> k, ConstVectorView<T> v,
                                                 const std::vector<T>& gates) {
  std::vector<Matrix<T>> matrices;
  for (const T gate : gates) matrices.push_back(Matrix<T>::Constant(1, 1, gate));
  return write_gated(k, v, matrices);
}

template <class T, class Stored>
WriteEffect<T> FastWeightState<T, Stored>::write_gated(ConstVectorView<T> k, ConstVectorView<T> v,
                                                       const std::vector<Matrix<T>>& gates) {
  const T before = divisor(k);
  write_.gates = gates;
  write_.retrieval.setConstant(1, !accumulates_ ? T(1) : steps_ == 0 ? T(0) : T(1) / before);
  const WriteEffect<T> effect = std::visit(
      [&]<class R>(const R&) -> WriteEffect<T> {
        if constexpr (SteppingRule<R, T>) return step(k, v, R::step(k.data(), k.size(), write_, 0));
        if constexpr (RuleOfFactors<R, T> && !SteppingRule<R, T>) {
          R::factors(Matrix<T>(k), write_, factors_);
          return step(k, v, factors_);
        }
        return {};  // the constructor has refused it
      },
      rule_);
  z_ += k;
  round_entries<Stored>(W_);
  round_entries<Stored>(z_);
  ++steps_;
  const T after = divisor(k);
  return {effect.written / after, effect.kept * (before / after)};
}

template <class T, class Stored>
WriteEffect<T> FastWeightState<T, Stored>::step(ConstVectorView<T> k, ConstVectorView<T> v, const WriteStep<T>& step) {
  const auto [decay, erase, strength] = step;
  const T squared_norm = k.squaredNorm();
  change_ = strength * v;
  if (erase != T(0)) change_.noalias() -= erase * (W_ * k);
  if (decay != T(1)) W_ *= decay;
  W_.noalias() += change_ * k.transpose();
  return {strength * squared_norm, decay - erase * squared_norm};
}

template <class T, class Stored>
WriteEffect<T> FastWeightState<T, Stored>::step(ConstVectorView<T> k, ConstVectorView<T> v, const Factors<T>& factors) {
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
  change_.noalias() = W_ * a;
  W_ *= D.asDiagonal();
  W_.noalias() += change_ * b.transpose();
  W_.noalias() += factors.w(0) * v * written.transpose();
  const T left = k.dot(D.cwiseProduct(k)) + k.dot(a) * k.dot(b);
  return {factors.w(0) * written.dot(k), left / k.squaredNorm()};
}

template <class T, class Stored>
void FastWeightState<T, Stored>::read(ConstVectorView<T> q, VectorView<T> y) const {
  y.noalias() = (T(1) / divisor(q)) * (W_ * q);
}

// Compiled once, in the library.
extern template class FastWeightState<float>;
extern template class FastWeightState<double>;
extern template class FastWeightState<float, Eigen::bfloat16>;
extern template class FastWeightState<float, Eigen::half>;

}  // namespace palimpsest
