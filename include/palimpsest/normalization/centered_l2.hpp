// φ' = (φ − φ̄)/(‖φ − φ̄‖ + ε), φ̄ the mean of a token's features.
// Why it may beat `sum`: c = ‖φ'‖² = 1, so that a rewrite with β = 1 is exact as with `l2`; and what all positive features
// share, their mean, is taken away, so that different keys are near orthogonal from the start, where under `l2` or `sum` every
// write disturbs every other. It costs one of the p dimensions.
#pragma once

#include <algorithm>
#include <optional>
#include <string>

#include "palimpsest/normalization/normalization.hpp"

namespace palimpsest {

template <class T>
struct CenteredL2Normalization {
  static constexpr std::string_view name = "centered_l2";
  static constexpr std::string_view summary = "features without their mean, divided by their length";
  static constexpr NormalizationTraits traits{.maps_tokens = true, .scale_free = true, .forgets_features = true};

  static std::optional<std::string> refusal(Index p) {
    if (p >= 2) return std::nullopt;
    return "normalization '" + std::string(name) + "' leaves nothing of one feature";
  }
  static Index rank(Index p, Index features, Index) { return std::min(features, p - 1); }
  static Operations operations(Index p) { return {5 * double(p), 9 * double(p)}; }

  void forward(ConstMatrixView<T> phi, MatrixView<T> mapped, VectorView<T> scale, T epsilon) const {
    for (Index t = 0; t < phi.cols(); ++t) mapped.col(t) = phi.col(t).array() - phi.col(t).mean();
    DivideByNorm<T>().forward(mapped, mapped, scale, epsilon);
  }

  // As l2, then dφ ← dφ − mean dφ.
  void backward(ConstMatrixView<T> phi, ConstMatrixView<T> mapped, ConstVectorView<T> scale, MatrixView<T> dphi) const {
    DivideByNorm<T>().backward(phi, mapped, scale, dphi);
    for (Index t = 0; t < dphi.cols(); ++t) dphi.col(t).array() -= dphi.col(t).mean();
  }
};

}  // namespace palimpsest
