// What a normalisation is: a map of feature-mapped keys and queries, token by token, and perhaps a divisor at read-out.
//
//   name, summary                         see core/registry.hpp
//   accumulates                           whether the read-out is divided by z·q + ε, z the sum of the (mapped) keys
//   maps_tokens                           whether forward changes anything
//   needs_nonnegative                     whether it divides by sums of features, which must then not be negative
//   forward(phi, scale, epsilon)          phi: p×n, mapped in place; scale: n, what backward needs. ε guards queries;
//                                         keys have ε = 0
//   backward(phi, scale, dphi)            dphi: gradient by the mapped tokens in, by the raw ones out; phi is mapped
#pragma once

#include <concepts>
#include <string_view>

#include "palimpsest/core/types.hpp"

namespace palimpsest {

/// ε of FIELD's read-outs, y = W q/(z·q + ε) and q/(Σq + ε).
inline constexpr double kReadOutEpsilon = 1e-6;

template <class N, class T>
concept Normalization = requires(const N normalization, MatrixView<T> phi, VectorView<T> scale, ConstMatrixView<T> mapped) {
  { N::name } -> std::convertible_to<std::string_view>;
  { N::summary } -> std::convertible_to<std::string_view>;
  { N::accumulates } -> std::convertible_to<bool>;
  { N::maps_tokens } -> std::convertible_to<bool>;
  { N::needs_nonnegative } -> std::convertible_to<bool>;
  normalization.forward(phi, scale, T(0));
  normalization.backward(mapped, scale, phi);
};

/// Divides each token by the sum of its entries (+ ε). Shared by `sum` and `sum+attention`.
template <class T>
struct DivideBySum {
  static constexpr bool maps_tokens = true;

  void forward(MatrixView<T> phi, VectorView<T> scale, T epsilon) const {
    for (Index t = 0; t < phi.cols(); ++t) {
      scale(t) = phi.col(t).sum() + epsilon;
      phi.col(t) /= scale(t);
    }
  }

  // φ' = φ/σ, σ = Σφ + ε:  dφ = (dφ' − φ'·dφ')/σ.
  void backward(ConstMatrixView<T> phi, ConstVectorView<T> scale, MatrixView<T> dphi) const {
    for (Index t = 0; t < phi.cols(); ++t)
      dphi.col(t).array() = (dphi.col(t).array() - phi.col(t).dot(dphi.col(t))) / scale(t);
  }
};

/// Leaves tokens as they are. Shared by `none` and `attention`.
template <class T>
struct LeaveTokens {
  static constexpr bool maps_tokens = false;

  void forward(MatrixView<T>, VectorView<T>, T) const {}
  void backward(ConstMatrixView<T>, ConstVectorView<T>, MatrixView<T>) const {}
};

}  // namespace palimpsest
