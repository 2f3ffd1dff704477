// The valid range of a formula's argument: sizes reach these functions from a user's sweep, so leaving it is a
// ConfigurationError that names the formula, the symbol, the value and what is allowed.
#pragma once

#include <fmt/format.h>

#include <limits>
#include <string_view>

#include "palimpsest/core/types.hpp"

namespace palimpsest::theory {

/// Throws ConfigurationError unless low ≤ value ≤ high; NaN is never in range.
template <class T>
void require_range(std::string_view formula, std::string_view symbol, T value, T low,
                   T high = std::numeric_limits<T>::max()) {
  if (value >= low && value <= high) return;
  if (high == std::numeric_limits<T>::max())
    throw ConfigurationError(fmt::format("{}: {} is {}; at least {} is needed", formula, symbol, value, low));
  throw ConfigurationError(fmt::format("{}: {} is {}; allowed is {} to {}", formula, symbol, value, low, high));
}

}  // namespace palimpsest::theory
