// Formats of floating point numbers, and a number x rounded to one. With s bits of significand, least exponent e_min and
// 2^e ≤ |x| < 2^(e+1), the nearest multiple of
//   2^(max(e, e_min) − s + 1) ,
// of two equally near ones that whose last bit is 0; infinity from half a unit above the largest number on.
//   format     s    e_min   largest    smallest
//   double     53   −1022   1.8e308    4.9e-324
//   float      24    −126   3.4e38     1.4e-45
//   bfloat16    8    −126   3.39e38    9.2e-41
//   float16    11     −14   65504      6.0e-8
// Below 2^e_min numbers are subnormal: all a multiple of the smallest. x + k is x wherever k is less than half a unit in
// the last place of x, so that adding 1 stops at 2^s.
// Source: IEEE 754-2019, sections 3.3 and 4.3.1; bfloat16 is the upper half of a float.
#pragma once

#include <string_view>
#include <type_traits>

#include "palimpsest/core/registry.hpp"
#include "palimpsest/core/types.hpp"

namespace palimpsest {

struct Float {
  static constexpr std::string_view name = "float";
  static constexpr std::string_view summary = "24 bits of significand";
  using Stored = float;
};

struct Double {
  static constexpr std::string_view name = "double";
  static constexpr std::string_view summary = "53 bits";
  using Stored = double;
};

struct BFloat16 {
  static constexpr std::string_view name = "bfloat16";
  static constexpr std::string_view summary = "8 bits, exponents of float";
  using Stored = Eigen::bfloat16;
};

struct Float16 {
  static constexpr std::string_view name = "float16";
  static constexpr std::string_view summary = "11 bits, up to 65504";
  using Stored = Eigen::half;
};

using Precisions = TypeList<Float, Double, BFloat16, Float16>;

/// x as Stored holds it. NaN stays NaN. A double on its way to 16 bits is a float in between.
template <class Stored, class T>
T rounded(T x) {
  return static_cast<T>(static_cast<Stored>(x));
}

/// The same of all entries, in place; nothing to do if Stored is T. One by one: Eigen's conversion of vectors takes
/// subnormal bfloat16 for 0 on processors with an instruction for it.
template <class Stored, class T, int Rows, int Cols>
void round_entries(Eigen::Matrix<T, Rows, Cols>& entries) {
  if constexpr (!std::is_same_v<T, Stored>) {
    T* entry = entries.data();
    for (Index i = 0; i < entries.size(); ++i) entry[i] = rounded<Stored>(entry[i]);
  }
}

}  // namespace palimpsest
