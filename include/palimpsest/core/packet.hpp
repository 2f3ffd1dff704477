// As many numbers as a vector register of this machine holds, for loops whose shifts along a token the compiler would
// turn into loads that wait for the stores before them.
#pragma once

#include <cstring>
#include <utility>

#include "palimpsest/core/types.hpp"

namespace palimpsest {

template <class T>
struct Packet {
  static constexpr int kBytes = EIGEN_MAX_ALIGN_BYTES;
  static constexpr int kWidth = kBytes / sizeof(T);
  typedef T Lanes __attribute__((vector_size(kBytes)));

  static Lanes load(const T* from) {
    Lanes v;
    std::memcpy(&v, from, sizeof v);
    return v;
  }
  static void store(const Lanes& v, T* to) { std::memcpy(to, &v, sizeof v); }

  /// max(v, 0), where a NaN stays one.
  static Lanes positive(const Lanes& v) { return v < T(0) ? Lanes{} : v; }

  /// Lanes n … n + width − 1 of [first, second], 0 ≤ n ≤ width.
  template <int n>
  static Lanes window(const Lanes& first, const Lanes& second) {
    return [&]<int... lane>(std::integer_sequence<int, lane...>) {
      return __builtin_shufflevector(first, second, (n + lane)...);
    }
    (std::make_integer_sequence<int, kWidth>());
  }

  static T sum(const Lanes& v) { return sum_of<kWidth>(v); }

 private:
  template <int n>
  static T sum_of(const Lanes& v) {
    if constexpr (n == 1) {
      return v[0];
    } else {
      return sum_of<n / 2>(v + window<n / 2>(v, v));
    }
  }
};

}  // namespace palimpsest
