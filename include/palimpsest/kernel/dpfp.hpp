// Deterministic parameter-free projection:
//   r = [relu(x); relu(−x)] ∈ R^{2d},   φ(x) = [r ⊙ roll(r, 1); …; r ⊙ roll(r, ν)],   roll(r, j)_i = r_{(i−j) mod 2d}.
// p = 2dν. Source: Schlag, Irie, Schmidhuber 2021 (arXiv 2102.11174), eqs. 37–38.
// Note the sign: relu(−x), not −relu(x), which would halve the rank.
#pragma once

#include "palimpsest/kernel/kernel.hpp"

namespace palimpsest {

template <class T>
struct Dpfp {
  static constexpr std::string_view name = "dpfp";
  static constexpr std::string_view argument = "nu";
  static constexpr std::string_view summary = "r * roll(r, j), j = 1..nu, r = [relu(x); relu(-x)] (Schlag et al. 2021)";
  static constexpr bool nonnegative = true;

  int nu;

  explicit Dpfp(int nu) : nu(nu) {
    if (nu < 1) throw ConfigurationError(fmt::format("kernel 'dpfp:{}': nu must be at least 1", nu));
  }

  Index feature_dim(Index d) const { return 2 * d * nu; }

  void forward(ConstMatrixView<T> x, MatrixView<T> phi) const {
    const Index ring = 2 * x.rows();
    Vector<T> r(nu + ring);
    for (Index t = 0; t < x.cols(); ++t) {
      unroll(column(x, t), x.rows(), r.data());
      for (Index j = 1; j <= nu; ++j)
        multiply(r.data() + nu, r.data() + nu - j, ring, column(phi, t) + (j - 1) * ring);
    }
  }

  void backward(ConstMatrixView<T> x, ConstMatrixView<T>, ConstMatrixView<T> dphi, MatrixView<T> dx) const {
    const Index d = x.rows(), ring = 2 * d;
    Vector<T> r(nu + ring), dr(ring);
    for (Index t = 0; t < x.cols(); ++t) {
      unroll(column(x, t), d, r.data());
      dr.setZero();
      for (Index j = 1; j <= nu; ++j) {
        // φ_{j,i} = r_i r_{i−j}, so r_i meets g_{j,i} and, j places on around the ring, g_{j,i+j}.
        const T* g = column(dphi, t) + (j - 1) * ring;
        const Index shift = j % ring, split = ring - shift;
        gather(g, r.data() + nu - j, g + shift, r.data() + nu + shift, split, dr.data());
        gather(g + split, r.data() + nu - j + split, g, r.data() + nu, shift, dr.data() + split);
      }
      const T* __restrict positive = dr.data();
      const T* __restrict negative = positive + d;
      const T* __restrict in = column(x, t);
      T* __restrict out = column(dx, t);
      for (Index i = 0; i < d; ++i) out[i] += (in[i] > T(0) ? positive[i] : T(0)) - (in[i] < T(0) ? negative[i] : T(0));
    }
  }

 private:
  // Plain loops over the ring: the compiler vectorises them, and no view is made a token.
  static void multiply(const T* __restrict a, const T* __restrict b, Index n, T* __restrict out) {
    for (Index i = 0; i < n; ++i) out[i] = a[i] * b[i];
  }
  static void gather(const T* g, const T* before, const T* g_after, const T* after, Index n, T* __restrict dr) {
    for (Index i = 0; i < n; ++i) dr[i] += g[i] * before[i] + g_after[i] * after[i];
  }

  /// r with its last ν entries in front as well, so that every roll is a contiguous stretch: out_{ν+i−j} = roll(r, j)_i.
  void unroll(const T* __restrict x, Index d, T* __restrict out) const {
    T* __restrict r = out + nu;
    for (Index i = 0; i < d; ++i) r[i] = x[i] < T(0) ? T(0) : x[i];  // this way round a NaN stays one
    for (Index i = 0; i < d; ++i) r[d + i] = -x[i] < T(0) ? T(0) : -x[i];
    for (Index i = nu - 1; i >= 0; --i) out[i] = out[i + 2 * d];
  }
};

}  // namespace palimpsest
