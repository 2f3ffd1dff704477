// As many numbers as a vector register of this machine holds, and loops over tokens made of them: a token of a hundred
// entries is so short that what Eigen or GCC do before and after a loop, and the loop itself, cost as much as the work.
#pragma once

#include <bit>
#include <utility>

#include "palimpsest/core/types.hpp"

namespace palimpsest {

template <class T>
struct Packet {
  using Register = typename Eigen::internal::packet_traits<T>::type;
  static constexpr int kBytes = sizeof(Register);
  static constexpr int kWidth = kBytes / sizeof(T);
  typedef T Lanes __attribute__((vector_size(kBytes)));
  typedef T InMemory __attribute__((vector_size(kBytes), aligned(alignof(T)), may_alias));

  static Lanes load(const T* from) { return *reinterpret_cast<const InMemory*>(from); }
  static void store(const Lanes& v, T* to) { *reinterpret_cast<InMemory*>(to) = v; }

  /// max(v, 0), where a NaN stays one. (v < 0 ? 0 : v, written out, is more than one instruction.)
  static Lanes positive(const Lanes& v) {
    return std::bit_cast<Lanes>(
        Eigen::internal::pmax(std::bit_cast<Register>(v), Eigen::internal::pset1<Register>(T(0))));
  }

  /// Lanes n … n + width − 1 of [first, second], 0 ≤ n ≤ width.
  template <int n>
  static Lanes window(const Lanes& first, const Lanes& second) {
    return [&]<int... lane>(std::integer_sequence<int, lane...>) {
      return __builtin_shufflevector(first, second, (n + lane)...);
    }
    (std::make_integer_sequence<int, kWidth>());
  }

  static T sum(const Lanes& v) { return Eigen::internal::predux(std::bit_cast<Register>(v)); }
};

/// A sum that grows in two registers, so that an addition doesn't wait for the one before, and of single entries.
template <class T>
struct PacketSum {
  typename Packet<T>::Lanes even{}, odd{};
  T rest = 0;

  T value() const { return Packet<T>::sum(even + odd) + rest; }
};

/// Calls f(at) for all of n entries, a packet at a time and the last ones alone: at.load(x) is what x has there,
/// at.store(v, x) puts v there, at.add(v, sum) adds it to a PacketSum, and v is to be calculated with as a number is.
/// Inline, or what f refers to is read again for every packet.
template <class T, class F>
[[gnu::always_inline]] inline void for_each_packet(Index n, F&& f) {
  using P = Packet<T>;
  struct Even {
    Index i;
    typename P::Lanes load(const T* x) const { return P::load(x + i); }
    void store(const typename P::Lanes& v, T* x) const { P::store(v, x + i); }
    void add(const typename P::Lanes& v, PacketSum<T>& sum) const { sum.even += v; }
  };
  struct Odd : Even {
    void add(const typename P::Lanes& v, PacketSum<T>& sum) const { sum.odd += v; }
  };
  struct One {
    Index i;
    T load(const T* x) const { return x[i]; }
    void store(T v, T* x) const { x[i] = v; }
    void add(T v, PacketSum<T>& sum) const { sum.rest += v; }
  };
  Index i = 0;
  for (; i + 2 * P::kWidth <= n; i += 2 * P::kWidth) {
    f(Even{i});
    f(Odd{{i + P::kWidth}});
  }
  if (i + P::kWidth <= n) {
    f(Even{i});
    i += P::kWidth;
  }
  const Index left = n & (P::kWidth - 1);  // said so that GCC makes no packets of the rest
  for (Index j = 0; j < left; ++j) f(One{i + j});
}

/// out_i += in_i.
template <class T>
void add(const T* in, Index n, T* out) {
  for_each_packet<T>(n, [&](auto at) { at.store(at.load(out) + at.load(in), out); });
}

/// out_i = factor · in_i.
template <class T>
void multiply(T factor, const T* in, Index n, T* out) {
  for_each_packet<T>(n, [&](auto at) { at.store(factor * at.load(in), out); });
}

/// Σ_i a_i b_i of n entries.
template <class T>
T dot(const T* a, const T* b, Index n) {
  PacketSum<T> total;
  for_each_packet<T>(n, [&](auto at) { at.add(at.load(a) * at.load(b), total); });
  return total.value();
}

/// Σ_i a_i of n entries.
template <class T>
T sum(const T* a, Index n) {
  PacketSum<T> total;
  for_each_packet<T>(n, [&](auto at) { at.add(at.load(a), total); });
  return total.value();
}

}  // namespace palimpsest
