// Rounding to a format, bit by bit: a number is an integer times a power of 2, of which those bits are dropped that the
// format doesn't have.
#pragma once

#include <string_view>

namespace palimpsest::reference {

/// The nearest number of a format with `bits` of significand, exponents from `least` on and none above `largest`; of two
/// equally near ones the even one.
struct Format {
  std::string_view name;
  int bits, least, largest;
};

inline constexpr Format kBFloat16{"bfloat16", 8, -126, 127}, kFloat16{"float16", 11, -14, 15};

float rounded(const Format& format, float x);

}  // namespace palimpsest::reference
