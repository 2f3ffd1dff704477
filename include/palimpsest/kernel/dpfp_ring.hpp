// The ring r = [relu(x); relu(−x)] ∈ R^{2d} of one token, of which kernel/dpfp.hpp is made. Two classes with the same
// four members: DpfpPacketRing makes a packet of it wherever one is needed, for whole packets and a ν known in advance;
// DpfpRing takes any size.
//
//   features(φ)                         φ_{j,i} = r_i r_{i−j},  j = 1..ν, i = 0..2d−1, indices around the ring
//   features_backward(g, dx)            dx += (∂φ/∂x)ᵀ g
//   product(u)                          φ·u
//   product_backward(u, dc, dx, du)     dx += dc (∂φ/∂x)ᵀ u,  du += dc φ
//
// As r_i meets g_{j,i} with r_{i−j} and, j places on, g_{j,i+j} with r_{i+j}:
//   dr_i = Σ_j g_{j,i} r_{i−j} + g_{j,i+j} r_{i+j} .
#pragma once

#include <algorithm>
#include <utility>

#include "palimpsest/core/packet.hpp"

namespace palimpsest {

// Places beside a packet are loads of x and u from j entries before or behind; only where the halves of the ring meet
// are packets put together.
template <class T, int kNu>
class DpfpPacketRing {
 public:
  /// d: a multiple of the packet's width, which is above ν.
  DpfpPacketRing(const T* x, Index d) : x_(x), d_(d) {}

  void features(T* phi) const {
    for_each_packet([&](auto at) {
      for_each_roll([&]<int j> {
        P::store(positive<0>(at) * positive<-j>(at), row<j>(phi) + at.i);
        P::store(negative<0>(at) * negative<-j>(at), row<j>(phi) + d_ + at.i);
      });
    });
  }

  void features_backward(const T* g, T* dx) const {
    for_each_packet([&](auto at) {
      Lanes up{}, down{};
      for_each_roll([&]<int j> {
        up += P::load(row<j>(g) + at.i) * positive<-j>(at) + P::load(row<j>(g) + at.i + j) * positive<j>(at);
        down += P::load(row<j>(g) + d_ + at.i) * negative<-j>(at) + ahead<j>(g, at) * negative<j>(at);
      });
      pull_back(at.i, up, down, dx);
    });
  }

  T product(const T* u) const {
    Lanes sum{};
    for_each_packet([&](auto at) {
      Lanes up{}, down{};
      for_each_roll([&]<int j> {
        up += P::load(row<j>(u) + at.i) * positive<-j>(at);
        down += P::load(row<j>(u) + d_ + at.i) * negative<-j>(at);
      });
      sum += up * positive<0>(at) + down * negative<0>(at);
    });
    return P::sum(sum);
  }

  void product_backward(const T* u, T dc, T* dx, T* du) const {
    for_each_packet([&](auto at) {
      Lanes up{}, down{};
      for_each_roll([&]<int j> {
        const Lanes before_up = dc * positive<-j>(at), before_down = dc * negative<-j>(at);
        up += P::load(row<j>(u) + at.i) * before_up + P::load(row<j>(u) + at.i + j) * (dc * positive<j>(at));
        down += P::load(row<j>(u) + d_ + at.i) * before_down + ahead<j>(u, at) * (dc * negative<j>(at));
        add(positive<0>(at) * before_up, row<j>(du) + at.i);
        add(negative<0>(at) * before_down, row<j>(du) + d_ + at.i);
      });
      pull_back(at.i, up, down, dx);
    });
  }

 private:
  using P = Packet<T>;
  using Lanes = typename P::Lanes;

  /// The packet at i of either half, and whether it begins or ends the half.
  template <bool kBegins, bool kEnds>
  struct Place {
    static constexpr bool begins = kBegins, ends = kEnds;
    Index i;
  };

  /// Calls f(place) for i = 0, width, … d − width.
  template <class F>
  void for_each_packet(F&& f) const {
    const Index last = d_ - P::kWidth;
    if (last == 0) return f(Place<true, true>{0});
    f(Place<true, false>{0});
    for (Index i = P::kWidth; i < last; i += P::kWidth) f(Place<false, false>{i});
    f(Place<false, true>{last});
  }

  /// Calls f.operator()<j>() for j = 1..ν.
  template <class F>
  static void for_each_roll(F&& f) {
    [&]<int... j>(std::integer_sequence<int, j...>) { (f.template operator()<j + 1>(), ...); }
    (std::make_integer_sequence<int, kNu>());
  }

  static Lanes up(const T* x) { return P::positive(P::load(x)); }
  static Lanes down(const T* x) { return up(x) - P::load(x); }

  /// r_{i+j}
  template <int j, class Place>
  Lanes positive(Place at) const {
    return around<j>(up, down, at);
  }
  /// r_{d+i+j}
  template <int j, class Place>
  Lanes negative(Place at) const {
    return around<j>(down, up, at);
  }

  /// j places on from `at` in one half of the ring, whose neighbour on both sides is the other.
  template <int j, class Half, class Place>
  Lanes around(Half* half, Half* other, Place at) const {
    if constexpr (j < 0 && Place::begins)
      return P::template window<P::kWidth + j>(other(x_ + d_ - P::kWidth), half(x_));
    else if constexpr (j > 0 && Place::ends)
      return P::template window<j>(half(x_ + at.i), other(x_));
    else
      return half(x_ + at.i + j);
  }

  /// g_{j,d+i+j}
  template <int j, class Place>
  Lanes ahead(const T* g, Place at) const {
    const T* here = row<j>(g) + d_ + at.i;
    if constexpr (Place::ends)
      return P::template window<j>(P::load(here), P::load(row<j>(g)));
    else
      return P::load(here + j);
  }

  static void add(const Lanes& v, T* to) { P::store(P::load(to) + v, to); }

  /// dx += (∂r/∂x)ᵀ dr, of the packet at i.
  void pull_back(Index i, const Lanes& up, const Lanes& down, T* dx) const {
    const Lanes x = P::load(x_ + i);
    add((x > T(0) ? up : Lanes{}) - (x < T(0) ? down : Lanes{}), dx + i);
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

  void product_backward(const T* u, T dc, T* dx, T* du) {
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
