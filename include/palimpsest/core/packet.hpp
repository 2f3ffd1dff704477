// As many numbers as a vector register of this machine holds, and sums over tokens made of them: a token of a hundred
// entries is so short that what Eigen does before and after its loop, and the loop itself, cost as much as the sum.
#pragma once

#include <array>
#include <bit>
#include <cstring>
#include <utility>

#include "palimpsest/core/types.hpp"

namespace palimpsest {

template <class T>
struct Packet {
  using Register = typename Eigen::internal::packet_traits<T>::type;
  static constexpr int kBytes = sizeof(Register);
  static constexpr int kWidth = kBytes / sizeof(T);
  typedef T Lanes __attribute__((vector_size(kBytes)));

  static Lanes load(const T* from) {
    Lanes v;
    std::memcpy(&v, from, sizeof v);
    return v;
  }
  static void store(const Lanes& v, T* to) { std::memcpy(to, &v, sizeof v); }

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

/// The products Σ_i a_i b_i of k pairs of n entries each, in one pass: what pairs share is read once.
template <class T, std::size_t k>
std::array<T, k> dots(const std::array<std::pair<const T*, const T*>, k>& pairs, Index n) {
  using P = Packet<T>;
  // Folds and not loops over j, which GCC would keep in memory.
  return [&]<std::size_t... j>(std::index_sequence<j...>) {
    const T *const a[] = {pairs[j].first...}, *const b[] = {pairs[j].second...};
    typename P::Lanes even[] = {((void)j, typename P::Lanes{})...}, odd[] = {((void)j, typename P::Lanes{})...};
    Index i = 0;
    for (; i + 2 * P::kWidth <= n; i += 2 * P::kWidth) {
      ((even[j] += P::load(a[j] + i) * P::load(b[j] + i)), ...);
      ((odd[j] += P::load(a[j] + i + P::kWidth) * P::load(b[j] + i + P::kWidth)), ...);
    }
    std::array<T, k> sums = {P::sum(even[j] + odd[j])...};
    for (; i < n; ++i) ((sums[j] += a[j][i] * b[j][i]), ...);
    return sums;
  }
  (std::make_index_sequence<k>());
}

/// Σ_i a_i b_i of n entries.
template <class T>
T dot(const T* a, const T* b, Index n) {
  return dots<T, 1>({{{a, b}}}, n)[0];
}

/// Σ_i a_i of n entries.
template <class T>
T sum(const T* a, Index n) {
  using P = Packet<T>;
  typename P::Lanes even{}, odd{};
  Index i = 0;
  for (; i + 2 * P::kWidth <= n; i += 2 * P::kWidth) {
    even += P::load(a + i);
    odd += P::load(a + i + P::kWidth);
  }
  T total = P::sum(even + odd);
  for (; i < n; ++i) total += a[i];
  return total;
}

}  // namespace palimpsest
