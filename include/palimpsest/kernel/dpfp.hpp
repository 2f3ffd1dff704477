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
      pull_back(column(x, t), T(1), dr.data(), d, column(dx, t));
    }
  }

  // A query's product φ(x)·u = Σ_i r_i Σ_j u_{j,i} r_{i−j} needs no features. The ring is padded to whole packets, with zero
  // weights there, so that a packet of r stays in a register over all j.
  void contract(ConstMatrixView<T> x, ConstVectorView<T> u, VectorView<T> c) const {
    const Index d = x.rows(), padded = pad(2 * d);
    const Matrix<T> weight = padded_weights(u, 2 * d, 0);
    for_each_ring(x, padded, [&](Index t, const T* ring) { c(t) = product(ring, weight.data(), padded, nu); });
  }

  // r_i meets u_{j,i} with r_{i−j}, and u_{j,i+j} with r_{i+j}.
  void contract_backward(ConstMatrixView<T> x, ConstVectorView<T> u, ConstVectorView<T> dc, MatrixView<T> dx,
                         VectorView<T> du) const {
    const Index d = x.rows(), size = 2 * d, padded = pad(size);
    const Matrix<T> weight = padded_weights(u, size, 0), ahead = padded_weights(u, size, 1);
    Matrix<T> dweight = Matrix<T>::Zero(padded, nu);
    Vector<T> dr(padded);
    for_each_ring(x, padded, [&](Index t, const T* ring) {
      product_backward(ring, weight.data(), ahead.data(), padded, nu, dc(t), dr.data(), dweight.data());
      pull_back(column(x, t), dc(t), dr.data(), d, column(dx, t));
    });
    for (Index j = 0; j < nu; ++j) du.segment(j * size, size) += dweight.col(j).head(size);
  }

 private:
  static constexpr Index kWidth = 64 / sizeof(T);
  using Packet = Eigen::Array<T, kWidth, 1>;
  static Packet load(const T* from) { return Eigen::Map<const Packet>(from); }
  static void store(const Packet& packet, T* to) { Eigen::Map<Packet>{to} = packet; }
  static Index pad(Index n) { return (n + kWidth - 1) / kWidth * kWidth; }

  /// Σ_i r_i Σ_j weight_{j,i} r_{i−j}.
  static T product(const T* ring, const T* weight, Index padded, Index nu) {
    Packet sum = Packet::Zero();
    for (Index i = 0; i < padded; i += kWidth) {
      Packet w = Packet::Zero();
      for (Index j = 0; j < nu; ++j) w += load(weight + j * padded + i) * load(ring + i - 1 - j);
      sum += w * load(ring + i);
    }
    return sum.sum();
  }

  /// dr: overwritten, not yet multiplied by dc; dweight accumulates.
  static void product_backward(const T* ring, const T* weight, const T* ahead, Index padded, Index nu, T dc, T* dr, T* dweight) {
    for (Index i = 0; i < padded; i += kWidth) {
      const Packet scaled = dc * load(ring + i);
      Packet sum = Packet::Zero();
      for (Index j = 0; j < nu; ++j) {
        const Packet before = load(ring + i - 1 - j);
        sum += load(weight + j * padded + i) * before + load(ahead + j * padded + i) * load(ring + i + 1 + j);
        T* dw = dweight + j * padded + i;
        store(load(dw) + scaled * before, dw);
      }
      store(sum, dr + i);
    }
  }

  /// Calls f(t, ring) for every token, ring_i = r_{i mod 2d} for i = −ν … padded + ν − 1 where i < 2d + ν, else 0. Rings are
  /// made some tokens ahead: loads that straddle stores just made would wait for them.
  template <class F>
  void for_each_ring(ConstMatrixView<T> x, Index padded, F&& f) const {
    constexpr Index kAhead = 16;
    Matrix<T> rings = Matrix<T>::Zero(nu + padded + nu, kAhead);
    for (Index first = 0; first < x.cols(); first += kAhead) {
      const Index count = std::min(kAhead, x.cols() - first);
      for (Index t = 0; t < count; ++t) {
        T* ring = column(rings, t) + nu;
        unroll(column(x, first + t), x.rows(), column(rings, t));
        for (Index i = 0; i < nu; ++i) ring[2 * x.rows() + i] = ring[i];
      }
      for (Index t = 0; t < count; ++t) f(first + t, column(rings, t) + nu);
    }
  }

  /// Column j − 1 is u_{j,i+step·j}, i = 0 … size − 1 around the ring, then zeros: padded×ν.
  Matrix<T> padded_weights(ConstVectorView<T> u, Index size, Index step) const {
    Matrix<T> weights = Matrix<T>::Zero(pad(size), nu);
    for (Index j = 1; j <= nu; ++j) {
      const auto row = u.segment((j - 1) * size, size);
      const Index shift = step * j % size;
      weights.col(j - 1).head(size - shift) = row.tail(size - shift);
      weights.col(j - 1).segment(size - shift, shift) = row.head(shift);
    }
    return weights;
  }

  // Plain loops over the ring: the compiler vectorises them, and no view is made a token.
  static void multiply(const T* __restrict a, const T* __restrict b, Index n, T* __restrict out) {
    for (Index i = 0; i < n; ++i) out[i] = a[i] * b[i];
  }
  static void gather(const T* g, const T* before, const T* g_after, const T* after, Index n, T* __restrict dr) {
    for (Index i = 0; i < n; ++i) dr[i] += g[i] * before[i] + g_after[i] * after[i];
  }

  /// dx += factor · (∂r/∂x)ᵀ dr.
  static void pull_back(const T* __restrict x, T factor, const T* __restrict dr, Index d, T* __restrict dx) {
    for (Index i = 0; i < d; ++i)
      dx[i] += factor * ((x[i] > T(0) ? dr[i] : T(0)) - (x[i] < T(0) ? dr[d + i] : T(0)));
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
