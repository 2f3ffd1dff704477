// The ring r = [relu(x); relu(−x)] ∈ R^{2d} of one token, of which kernel/dpfp.hpp is made. Two classes with the same
// four members: DpfpPacketRing keeps it in registers, for whole packets and a ν known in advance; DpfpRing takes any
// size.
//
//   features(φ)                         φ_{j,i} = r_i r_{i−j},  j = 1..ν, i = 0..2d−1, indices around the ring
//   features_backward(g, dx)            dx += (∂φ/∂x)ᵀ g
//   product(u)                          φ·u
//   product_backward(u, ahead, dc,      dx += dc (∂φ/∂x)ᵀ u,  du += dc φ;  ahead_{j,i} = u_{j,i+j}
//                    dx, du)
//
// As r_i meets g_{j,i} with r_{i−j} and, j places on, g_{j,i+j} with r_{i+j}:  dr_i = Σ_j g_{j,i} r_{i−j} + g_{j,i+j}
// r_{i+j}.
#pragma once

#include <algorithm>
#include <utility>

#include "palimpsest/core/packet.hpp"

namespace palimpsest {

template <class T, int kNu>
class DpfpPacketRing {
 public:
  /// d: a multiple of the packet's width, which is above ν.
  DpfpPacketRing(const T* x, Index d) : x_(x), d_(d) {}

  void features(T* phi) const {
    for_each_packet([&](Index i, const Lanes&, const Place& positive, const Place& negative) {
      for_each_roll([&]<int j> {
        P::store(positive.here * positive.template behind<j>(), row<j>(phi) + i);
        P::store(negative.here * negative.template behind<j>(), row<j>(phi) + d_ + i);
      });
    });
  }

  void features_backward(const T* g, T* dx) const {
    for_each_packet([&](Index i, const Lanes& x, const Place& positive, const Place& negative) {
      const Index next = i + P::kWidth < d_ ? d_ + i + P::kWidth : 0;
      Lanes up{}, down{};
      for_each_roll([&]<int j> {
        const T* from = row<j>(g);
        const Lanes g_up = P::load(from + i), g_down = P::load(from + d_ + i);
        up += g_up * positive.template behind<j>() +
              P::template window<j>(g_up, P::load(from + i + P::kWidth)) * positive.template ahead<j>();
        down += g_down * negative.template behind<j>() +
                P::template window<j>(g_down, P::load(from + next)) * negative.template ahead<j>();
      });
      pull_back(x, up, down, dx + i);
    });
  }

  T product(const T* u) const {
    Lanes sum{};
    for_each_packet([&](Index i, const Lanes&, const Place& positive, const Place& negative) {
      Lanes up{}, down{};
      for_each_roll([&]<int j> {
        up += P::load(row<j>(u) + i) * positive.template behind<j>();
        down += P::load(row<j>(u) + d_ + i) * negative.template behind<j>();
      });
      sum += up * positive.here + down * negative.here;
    });
    return P::sum(sum);
  }

  void product_backward(const T* u, const T* ahead, T dc, T* dx, T* du) const {
    for_each_packet([&](Index i, const Lanes& x, const Place& positive, const Place& negative) {
      const auto half = [&](Index first, const Place& r) {
        Lanes dr{};
        for_each_roll([&]<int j> {
          const Lanes behind = dc * r.template behind<j>();
          dr += P::load(row<j>(u) + first) * behind + P::load(row<j>(ahead) + first) * (dc * r.template ahead<j>());
          P::store(P::load(row<j>(du) + first) + r.here * behind, row<j>(du) + first);
        });
        return dr;
      };
      pull_back(x, half(i, positive), half(d_ + i, negative), dx + i);
    });
  }

 private:
  using P = Packet<T>;
  using Lanes = typename P::Lanes;

  /// A packet of the ring and those beside it.
  struct Place {
    Lanes before, here, after;

    void advance() {
      before = here;
      here = after;
    }
    /// r_{i−j}
    template <int j>
    Lanes behind() const {
      return P::template window<P::kWidth - j>(before, here);
    }
    /// r_{i+j}
    template <int j>
    Lanes ahead() const {
      return P::template window<j>(here, after);
    }
  };

  /// Calls f.operator()<j>() for j = 1..ν.
  template <class F>
  static void for_each_roll(F&& f) {
    [&]<int... j>(std::integer_sequence<int, j...>) { (f.template operator()<j + 1>(), ...); }
    (std::make_integer_sequence<int, kNu>());
  }

  /// Calls f(i, x, positive, negative) with the packet of x at i = 0, width, … d − width and the ring's at i and d + i.
  template <class F>
  void for_each_packet(F&& f) const {
    const Lanes first = P::load(x_), last = P::load(x_ + d_ - P::kWidth);
    Lanes x = first;
    Place positive{down(last), up(first), {}}, negative{up(last), down(first), {}};
    for (Index i = 0; i < d_; i += P::kWidth) {
      const bool ends = i + P::kWidth == d_;
      const Lanes next = ends ? first : P::load(x_ + i + P::kWidth);
      positive.after = ends ? down(first) : up(next);
      negative.after = ends ? up(first) : down(next);
      f(i, x, positive, negative);
      positive.advance();
      negative.advance();
      x = next;
    }
  }

  static Lanes up(const Lanes& x) { return P::positive(x); }
  static Lanes down(const Lanes& x) { return P::positive(-x); }

  /// dx += (∂r/∂x)ᵀ dr.
  static void pull_back(const Lanes& x, const Lanes& up, const Lanes& down, T* dx) {
    P::store(P::load(dx) + (x > T(0) ? up : Lanes{}) - (x < T(0) ? down : Lanes{}), dx);
  }

  template <int j, class Pointer>
  Pointer row(Pointer of) const {
    return of + (j - 1) * 2 * d_;
  }

  const T* x_;
  Index d_;
};

template <class T>
class DpfpRing {
 public:
  DpfpRing(Index d, int nu) : d_(d), nu_(nu), r_(2 * d), dr_(2 * d) {}

  /// Itself, as the ring of x.
  DpfpRing& of(const T* x) {
    x_ = x;
    for (Index i = 0; i < d_; ++i) {
      r_(i) = x[i] < T(0) ? T(0) : x[i];  // this way round a NaN stays one
      r_(d_ + i) = -x[i] < T(0) ? T(0) : -x[i];
    }
    return *this;
  }

  void features(T* phi) const {
    for_each_pair([&](Index i, Index before) { *phi++ = r_(i) * r_(before); });
  }

  void features_backward(const T* g, T* dx) { pull_back(g, T(1), dx); }

  T product(const T* u) const {
    T sum = 0;
    for_each_pair([&](Index i, Index before) { sum += *u++ * r_(i) * r_(before); });
    return sum;
  }

  void product_backward(const T* u, const T*, T dc, T* dx, T* du) {
    pull_back(u, dc, dx);
    for_each_pair([&](Index i, Index before) { *du++ += dc * r_(i) * r_(before); });
  }

 private:
  /// Calls f(i, i − j), around the ring, in the order of the features.
  template <class F>
  void for_each_pair(F&& f) const {
    for (Index j = 1; j <= nu_; ++j) {
      Index before = 2 * d_ - 1 - (j - 1) % (2 * d_);
      for (Index i = 0; i < 2 * d_; ++i) {
        f(i, before);
        if (++before == 2 * d_) before = 0;
      }
    }
  }

  /// dx += factor (∂φ/∂x)ᵀ g.
  void pull_back(const T* g, T factor, T* dx) {
    dr_.setZero();
    for_each_pair([&](Index i, Index before) {
      dr_(i) += *g * r_(before);
      dr_(before) += *g++ * r_(i);
    });
    for (Index i = 0; i < d_; ++i)
      dx[i] += factor * ((x_[i] > T(0) ? dr_(i) : T(0)) - (x_[i] < T(0) ? dr_(d_ + i) : T(0)));
  }

  Index d_;
  int nu_;
  const T* x_ = nullptr;
  Vector<T> r_, dr_;  // 2d
};

}  // namespace palimpsest
