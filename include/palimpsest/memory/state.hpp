// The state's side of a fast weight memory, carried write by write as a recurrent network carries it: W (d_v×p) and the
// accumulator z (p). With D = z·x + ε where the normalisation accumulates and D = 1 where it doesn't, a write (k, v) is
//   ρ = 1/D_{t−1}(k) (0 at the first write if it accumulates),   (a, e, w) = rule.step(β, α, ρ, ‖k‖²),
//   W ← a W − e (W k) kᵀ + w v kᵀ ,   z ← z + k ,
// and a read is y = W q / D_t(q). memory/fast_weight.hpp answers the same without W, from the queries' side; here is
// what is in the memory after each write. O(d_v·p) a write and a read.
//
// What a write does to the answer to its own key:
//   y_t(k) = kept · y_{t−1}(k) + written · v ,   written = w ‖k‖²/D_t ,   kept = (a − e ‖k‖²) D_{t−1}/D_t .
// Write and removal are balanced if 1 − kept = written. Source: Schlag, Irie, Schmidhuber 2021 (arXiv 2102.11174), eqs.
// 21–27; the decomposition follows from the recurrence.
#pragma once

#include <fmt/format.h>

#include <concepts>
#include <string>
#include <utility>
#include <variant>

#include "palimpsest/normalization/all.hpp"
#include "palimpsest/rule/all.hpp"

namespace palimpsest {

/// A rule that decays the state, erases along the key and writes.
template <class R, class T>
concept SteppingRule = requires(const Write<T>& write) {
  { R::step(write) } -> std::same_as<WriteStep<T>>;
};

/// How a write changed the answer to its own key.
template <class T>
struct WriteEffect {
  T written;  ///< share of the new value in the answer
  T kept;     ///< factor on what the key retrieved before
};

template <class T>
class FastWeightState {
 public:
  /// An empty state for values of size d_v and p features. Throws ConfigurationError for a rule without a step.
  FastWeightState(typename Rules<T>::Variant rule, const typename Normalizations<T>::Variant& normalization, Index d_v,
                  Index p);

  /// k: p, a key after feature map and normalisation; v: d_v; one step of the rule.
  WriteEffect<T> write(ConstVectorView<T> k, ConstVectorView<T> v, T beta, T alpha);

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

  WriteStep<T> step(const Write<T>& write) const {
    return std::visit(
        [&]<class R>(const R&) -> WriteStep<T> {
          if constexpr (SteppingRule<R, T>) return R::step(write);
          return {};  // the constructor has refused it
        },
        rule_);
  }

  static std::string steppers() {
    std::string names;
    Rules<T>::for_each([&]<class R>() {
      if constexpr (SteppingRule<R, T>) names += (names.empty() ? "" : ", ") + usage<R>();
    });
    return names;
  }

  typename Rules<T>::Variant rule_;
  bool accumulates_;
  Matrix<T> W_;
  Vector<T> z_;
  Vector<T> change_;  // d_v
  Index steps_ = 0;
};

template <class T>
FastWeightState<T>::FastWeightState(typename Rules<T>::Variant rule,
                                    const typename Normalizations<T>::Variant& normalization, Index d_v, Index p)
    : rule_(std::move(rule)),
      accumulates_(std::visit([]<class N>(const N&) { return N::accumulates; }, normalization)),
      W_(Matrix<T>::Zero(d_v, p)),
      z_(Vector<T>::Zero(p)),
      change_(d_v) {
  std::visit(
      []<class R>(const R&) {
        if constexpr (!SteppingRule<R, T>)
          throw ConfigurationError(
              fmt::format("rule '{}' changes its state by more than decay, erasure and a write; known here: {}",
                          R::name, steppers()));
      },
      rule_);
}

template <class T>
WriteEffect<T> FastWeightState<T>::write(ConstVectorView<T> k, ConstVectorView<T> v, T beta, T alpha) {
  const T squared_norm = k.squaredNorm(), before = divisor(k);
  const T retrieval = !accumulates_ ? T(1) : steps_ == 0 ? T(0) : T(1) / before;
  const auto [decay, erase, strength] = step({beta, alpha, retrieval, squared_norm});
  change_ = strength * v;
  if (erase != T(0)) change_.noalias() -= erase * (W_ * k);
  if (decay != T(1)) W_ *= decay;
  W_.noalias() += change_ * k.transpose();
  z_ += k;
  ++steps_;
  const T after = divisor(k);
  return {strength * squared_norm / after, (decay - erase * squared_norm) * (before / after)};
}

template <class T>
void FastWeightState<T>::read(ConstVectorView<T> q, VectorView<T> y) const {
  y.noalias() = (T(1) / divisor(q)) * (W_ * q);
}

// Compiled once, in the library.
extern template class FastWeightState<float>;
extern template class FastWeightState<double>;

}  // namespace palimpsest
