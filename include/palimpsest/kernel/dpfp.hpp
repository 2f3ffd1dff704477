// Deterministic parameter-free projection:
//   r = [relu(x); relu(−x)] ∈ R^{2d},   φ(x) = [r ⊙ roll(r, 1); …; r ⊙ roll(r, ν)],   roll(r, j)_i = r_{(i−j) mod 2d}.
// p = 2dν. Source: Schlag, Irie, Schmidhuber 2021 (arXiv 2102.11174), eqs. 37–38.
// Rolls j and 2d − j have the same products in another order, and those of roll d are relu(x) relu(−x) = 0: from ν = d on,
// p counts features that are no new ones, and there are no rolls beyond 2d − 1.
// Note the sign: relu(−x), not −relu(x), which would halve the rank.
#pragma once

#include <algorithm>
#include <optional>
#include <string>

#include "palimpsest/kernel/dpfp_ring.hpp"
#include "palimpsest/kernel/kernel.hpp"

namespace palimpsest {

template <class T>
struct Dpfp {
  static constexpr std::string_view name = "dpfp";
  static constexpr std::string_view argument = "nu";
  static constexpr std::string_view summary = "r * roll(r, j), j = 1..nu, r = [relu(x); relu(-x)] (Schlag et al. 2021)";
  static constexpr KernelTraits traits{.nonnegative = true, .forgets_features = true};

  int nu;

  int argument_value() const { return nu; }

  explicit Dpfp(int nu) : nu(nu) {
    if (nu < 1) throw ConfigurationError(fmt::format("kernel 'dpfp:{}': nu must be at least 1", nu));
  }

  Index feature_dim(Index d) const { return 2 * d * nu; }

  /// 2d for each roll up to ν that is neither another's mirror image nor d.
  Index rank(Index d) const { return 2 * d * std::min<Index>(nu, d - 1); }
  Index rank_of_squares(Index d) const { return rank(d); }

  std::optional<std::string> refusal(Index d) const {
    if (nu / 2 >= d)
      return fmt::format("kernel 'dpfp:{}' rolls its features further than 2 key_dim - 1 = {}", nu, 2 * d - 1);
    if (d == 1) return fmt::format("kernel 'dpfp:{}' has no features but 0 of keys of size 1", nu);
    return std::nullopt;
  }

  Operations operations(Index d) const {
    const double n = double(d), p = 2 * n * nu;
    return {2 * n + p, 6 * n + 4 * p};
  }

  void forward(ConstMatrixView<T> x, MatrixView<T> phi) const {
    for_each_token(x, [&](Index t, auto&& ring) { ring.features(column(phi, t)); });
  }

  void backward(ConstMatrixView<T> x, ConstMatrixView<T>, ConstMatrixView<T> dphi, MatrixView<T> dx) const {
    for_each_token(x, [&](Index t, auto&& ring) { ring.features_backward(column(dphi, t), column(dx, t)); });
  }

  // A query's product φ(x)·u = Σ_i r_i Σ_j u_{j,i} r_{i−j} needs no features.
  void contract(ConstMatrixView<T> x, ConstVectorView<T> u, VectorView<T> c) const {
    for_each_token(x, [&](Index t, auto&& ring) { c(t) = ring.product(u.data()); });
  }

  void contract_backward(ConstMatrixView<T> x, ConstVectorView<T> u, ConstVectorView<T> dc, MatrixView<T> dx,
                         VectorView<T> du) const {
    for_each_token(x, [&](Index t, auto&& ring) { ring.product_backward(u.data(), dc(t), column(dx, t), du.data()); });
  }

 private:
  /// Calls f(t, ring of token t).
  template <class F>
  void for_each_token(ConstMatrixView<T> x, F&& f) const {
    if (nu == 1 && in_packets<1>(x, f)) return;
    if (nu == 2 && in_packets<2>(x, f)) return;
    if (nu == 3 && in_packets<3>(x, f)) return;
    if (nu == 4 && in_packets<4>(x, f)) return;
    DpfpRing<T> ring(x.rows(), nu);
    for (Index t = 0; t < x.cols(); ++t) f(t, ring.of(column(x, t)));
  }

  /// The same if rings are whole packets, else false.
  template <int kNu, class F>
  static bool in_packets(ConstMatrixView<T> x, F&& f) {
    if constexpr (kNu < Packet<T>::kWidth) {
      if (x.rows() % Packet<T>::kWidth != 0) return false;
      for (Index t = 0; t < x.cols(); ++t) f(t, DpfpPacketRing<T, kNu>(column(x, t), x.rows()));
      return true;
    }
    return false;
  }
};

}  // namespace palimpsest
