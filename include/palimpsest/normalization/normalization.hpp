// What a normalisation is: a map of feature-mapped keys and queries, token by token, and perhaps a divisor at read-out.
//
//   name, summary                         see core/registry.hpp
//   traits                                what it says of itself: NormalizationTraits
//   refusal(p)                            optional, static: why it has no meaning for p features; nothing if it has
//   rank(p, features, squares)            optional, static: dimension of the space that mapped tokens span, where that isn't
//                                         what features do; `features` and `squares`: what they and their squares do
//   forward(phi, mapped, scale, epsilon)  phi, mapped: p×n; scale: n, what backward needs. ε guards queries; keys have
//                                         ε = 0
//   backward(phi, mapped, scale, dphi)    dphi: gradient by the mapped tokens in, by the raw ones out
//   operations(p)                         how many it needs per token (core/operations.hpp)
#pragma once

#include <cmath>
#include <concepts>
#include <optional>
#include <string_view>
#include <utility>

#include "palimpsest/core/operations.hpp"
#include "palimpsest/core/packet.hpp"
#include "palimpsest/core/types.hpp"

namespace palimpsest {

/// ε of the read-outs, y = W q/(z·q + ε) and q/(Σq + ε).
inline constexpr double kReadOutEpsilon = 1e-6;

/// Of a normalisation that divides a key φ by a number σ, scale = 1/σ: ∇σ = ones 1 + own φ'.
struct Slope {
  int ones = 0, own = 0;
};

/// What a normalisation says of itself.
struct NormalizationTraits {
  bool accumulates = false;        ///< read-out and retrieval are divided by z·q + ε, z the sum of mapped keys
  bool maps_tokens = false;        ///< forward changes something
  bool needs_nonnegative = false;  ///< it divides by sums of features, which must then not be negative
  bool makes_nonnegative = false;  ///< mapped tokens are never negative, whatever the features are
  /// Without ε, forward of c φ is that of φ for every c > 0. A kernel that knows its features up to such a factor then gives
  /// them so (kernel/kernel.hpp), and ε, which would weigh what c is, is 0 for its queries too.
  bool scale_free = false;
  bool forgets_features = false;  ///< backward doesn't look at phi: mapped may be the same memory
  std::optional<Slope> slope{};   ///< with it a rule may do backward's work (rule/rule.hpp, Division)

  /// The same with the accumulator.
  constexpr NormalizationTraits accumulated() const {
    auto with = *this;
    with.accumulates = true;
    with.needs_nonnegative = !makes_nonnegative;
    return with;
  }
};

template <class N, class T>
concept Normalization = requires(const N normalization, MatrixView<T> out, VectorView<T> scale, ConstMatrixView<T> in) {
  { N::name } -> std::convertible_to<std::string_view>;
  { N::summary } -> std::convertible_to<std::string_view>;
  { N::traits } -> std::same_as<const NormalizationTraits&>;
  normalization.forward(in, out, scale, T(0));
  normalization.backward(in, in, scale, out);
  { N::operations(Index(1)) } -> std::same_as<Operations>;
};

/// Divides each token by the sum of its entries (+ ε). Shared by `sum` and `sum+attention`.
template <class T>
struct DivideBySum {
  static constexpr NormalizationTraits traits{.maps_tokens = true,
                                              .needs_nonnegative = true,
                                              .scale_free = true,
                                              .forgets_features = true,
                                              .slope = Slope{.ones = 1}};

  static Operations operations(Index p) { return {2 * double(p), 4 * double(p)}; }

  void forward(ConstMatrixView<T> phi, MatrixView<T> mapped, VectorView<T> scale, T epsilon) const {
    for (Index t = 0; t < phi.cols(); ++t) {
      scale(t) = T(1) / (sum(column(phi, t), phi.rows()) + epsilon);
      multiply(scale(t), column(phi, t), phi.rows(), column(mapped, t));
    }
  }

  // φ' = φ/σ, σ = Σφ + ε:  dφ = (dφ' − φ'·dφ')/σ;  scale = 1/σ.
  void backward(ConstMatrixView<T>, ConstMatrixView<T> mapped, ConstVectorView<T> scale, MatrixView<T> dphi) const {
    for (Index t = 0; t < mapped.cols(); ++t) {
      T* d = column(dphi, t);
      const T along = dot(column(mapped, t), std::as_const(d), mapped.rows()), s = scale(t);
      for_each_packet<T>(mapped.rows(), [&](auto at) { at.store(s * (at.load(d) - along), d); });
    }
  }
};

/// Divides each token by its length (+ ε). Of `l2`, and a part of `centered_l2`.
template <class T>
struct DivideByNorm {
  static constexpr NormalizationTraits traits{
      .maps_tokens = true, .scale_free = true, .forgets_features = true, .slope = Slope{.own = 1}};

  static Operations operations(Index p) { return {3 * double(p), 7 * double(p)}; }

  void forward(ConstMatrixView<T> phi, MatrixView<T> mapped, VectorView<T> scale, T epsilon) const {
    for (Index t = 0; t < phi.cols(); ++t) {
      const T* from = column(phi, t);
      scale(t) = T(1) / (std::sqrt(dot(from, from, phi.rows())) + epsilon);
      multiply(scale(t), from, phi.rows(), column(mapped, t));
    }
  }

  // φ' = φ/σ, σ = ‖φ‖ + ε:  dφ = (dφ' − φ' (φ'·dφ')/‖φ'‖)/σ;  scale = 1/σ.
  void backward(ConstMatrixView<T>, ConstMatrixView<T> mapped, ConstVectorView<T> scale, MatrixView<T> dphi) const {
    for (Index t = 0; t < mapped.cols(); ++t) {
      auto d = token(dphi, t);
      const T length = token(mapped, t).norm(), along = token(mapped, t).dot(d);
      if (length > 0) d -= (along / length) * token(mapped, t);
      d *= scale(t);
    }
  }
};

/// Leaves tokens as they are. Shared by `none` and `attention`.
template <class T>
struct LeaveTokens {
  static constexpr NormalizationTraits traits{};

  static Operations operations(Index) { return {}; }

  void forward(ConstMatrixView<T> phi, MatrixView<T> mapped, VectorView<T>, T) const { mapped = phi; }
  void backward(ConstMatrixView<T>, ConstMatrixView<T>, ConstVectorView<T>, MatrixView<T>) const {}
};

}  // namespace palimpsest
