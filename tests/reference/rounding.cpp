#include "reference/rounding.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

namespace palimpsest::reference {

float rounded(const Format& format, float x) {
  std::uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  const bool negative = bits >> 31;
  const int field = static_cast<int>(bits >> 23 & 0xff);
  std::uint64_t significand = bits & 0x7fffff;
  if (field == 0xff && significand != 0) return x;  // NaN
  float size = std::numeric_limits<float>::infinity();
  if (field < 0xff) {
    if (field > 0) significand |= 0x800000;
    const int exponent = std::max(field, 1) - 127 - 23;  // |x| = significand · 2^exponent
    // |x| < 2^(exponent + 24): its unit in the last place in the format, as a power of 2 that may be below float's.
    int top = exponent;
    for (std::uint64_t rest = significand; rest > 1; rest /= 2) ++top;
    const int dropped = std::max(0, std::max(top, format.least) - format.bits + 1 - exponent);
    if (dropped > 40) {
      size = 0;  // less than half the smallest number
    } else {
      const std::uint64_t unit = std::uint64_t(1) << dropped, rest = significand % unit;
      std::uint64_t count = significand / unit;
      if (2 * rest > unit || (2 * rest == unit && count % 2 == 1)) ++count;
      const double rounded = std::ldexp(static_cast<double>(count), exponent + dropped);
      if (rounded < std::ldexp(1.0, format.largest + 1)) size = static_cast<float>(rounded);
    }
  }
  return negative ? -size : size;
}

}  // namespace palimpsest::reference
