// φ'_i = φ_i²/(Σ_j φ_j² + ε): `sum` of the squared features.
// Why it may beat `sum`: a rewrite removes only the share c = ‖φ'‖² ∈ [1/p, 1] of the old value, and with `sum` positive
// features have c near 1/p (0.02 to 0.08 at d = 64). Squaring weighs the large features more and so moves c towards 1
// and keys apart, and a token still sums to one, whatever its length.
#pragma once

#include "palimpsest/normalization/normalization.hpp"

namespace palimpsest {

template <class T>
struct SumOfSquaresNormalization {
  static constexpr std::string_view name = "sum_of_squares";
  static constexpr std::string_view summary = "squared features divided by their sum";
  static constexpr NormalizationTraits traits{.maps_tokens = true, .makes_nonnegative = true, .scale_free = true};

  static Index rank(Index, Index, Index squares) { return squares; }
  static Operations operations(Index p) { return {3 * double(p), 5 * double(p)}; }

  void forward(ConstMatrixView<T> phi, MatrixView<T> mapped, VectorView<T> scale, T epsilon) const {
    for (Index t = 0; t < phi.cols(); ++t) {
      mapped.col(t) = phi.col(t).cwiseAbs2();
      scale(t) = mapped.col(t).sum() + epsilon;
      mapped.col(t) /= scale(t);
    }
  }

  // dφ = 2φ ⊙ (dφ' − φ'·dφ')/σ.
  void backward(ConstMatrixView<T> phi, ConstMatrixView<T> mapped, ConstVectorView<T> scale, MatrixView<T> dphi) const {
    for (Index t = 0; t < phi.cols(); ++t) {
      const T along = mapped.col(t).dot(dphi.col(t));
      dphi.col(t).array() = 2 / scale(t) * phi.col(t).array() * (dphi.col(t).array() - along);
    }
  }
};

}  // namespace palimpsest
