// What a normalisation is: a map of feature-mapped keys and queries, token by token, and perhaps a divisor at read-out.
//
//   name, summary                         see core/registry.hpp
//   accumulates                           whether read-out and retrieval are divided by z·q + ε, z the sum of the (mapped) keys
//   maps_tokens                           whether forward changes anything
//   needs_nonnegative                     whether it divides by sums of features, which must then not be negative
//   forward(phi, mapped, scale, epsilon)  phi, mapped: p×n; scale: n, what backward needs. ε guards queries; keys have
//                                         ε = 0
//   backward(phi, mapped, scale, dphi)    dphi: gradient by the mapped tokens in, by the raw ones out
#pragma once

#include <concepts>
#include <string_view>

#include "palimpsest/core/types.hpp"

namespace palimpsest {

/// ε of FIELD's read-outs, y = W q/(z·q + ε) and q/(Σq + ε).
inline constexpr double kReadOutEpsilon = 1e-6;

template <class N, class T>
concept Normalization = requires(const N normalization, MatrixView<T> out, VectorView<T> scale, ConstMatrixView<T> in) {
  { N::name } -> std::convertible_to<std::string_view>;
  { N::summary } -> std::convertible_to<std::string_view>;
  { N::accumulates } -> std::convertible_to<bool>;
  { N::maps_tokens } -> std::convertible_to<bool>;
  { N::needs_nonnegative } -> std::convertible_to<bool>;
  normalization.forward(in, out, scale, T(0));
  normalization.backward(in, in, scale, out);
};

/// Divides each token by the sum of its entries (+ ε). Shared by `sum` and `sum+attention`.
template <class T>
struct DivideBySum {
  static constexpr bool maps_tokens = true;

  void forward(ConstMatrixView<T> phi, MatrixView<T> mapped, VectorView<T> scale, T epsilon) const {
    for (Index t = 0; t < phi.cols(); ++t) {
      scale(t) = phi.col(t).sum() + epsilon;
      mapped.col(t) = phi.col(t) / scale(t);
    }
  }

  // φ' = φ/σ, σ = Σφ + ε:  dφ = (dφ' − φ'·dφ')/σ.
  void backward(ConstMatrixView<T>, ConstMatrixView<T> mapped, ConstVectorView<T> scale, MatrixView<T> dphi) const {
    for (Index t = 0; t < mapped.cols(); ++t)
      dphi.col(t).array() = (dphi.col(t).array() - mapped.col(t).dot(dphi.col(t))) / scale(t);
  }
};

/// Divides each token by its length (+ ε). Shared by `l2` and `centered_l2`.
template <class T>
struct DivideByNorm {
  static constexpr bool maps_tokens = true;

  void forward(ConstMatrixView<T> phi, MatrixView<T> mapped, VectorView<T> scale, T epsilon) const {
    for (Index t = 0; t < phi.cols(); ++t) {
      scale(t) = phi.col(t).norm() + epsilon;
      mapped.col(t) = phi.col(t) / scale(t);
    }
  }

  // φ' = φ/σ, σ = ‖φ‖ + ε:  dφ = (dφ' − φ' (φ'·dφ')/‖φ'‖)/σ.
  void backward(ConstMatrixView<T>, ConstMatrixView<T> mapped, ConstVectorView<T> scale, MatrixView<T> dphi) const {
    for (Index t = 0; t < mapped.cols(); ++t) {
      const T length = mapped.col(t).norm(), along = mapped.col(t).dot(dphi.col(t));
      if (length > 0) dphi.col(t) -= (along / length) * mapped.col(t);
      dphi.col(t) /= scale(t);
    }
  }
};

/// Leaves tokens as they are. Shared by `none` and `attention`.
template <class T>
struct LeaveTokens {
  static constexpr bool maps_tokens = false;

  void forward(ConstMatrixView<T> phi, MatrixView<T> mapped, VectorView<T>, T) const { mapped = phi; }
  void backward(ConstMatrixView<T>, ConstMatrixView<T>, ConstVectorView<T>, MatrixView<T>) const {}
};

}  // namespace palimpsest
