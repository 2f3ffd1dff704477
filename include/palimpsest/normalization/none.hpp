// k, q as they come.
#pragma once

#include "palimpsest/normalization/normalization.hpp"

namespace palimpsest {

template <class T>
struct NoNormalization : LeaveTokens<T> {
  static constexpr std::string_view name = "none";
  static constexpr std::string_view summary = "keys and queries as they come";
};

}  // namespace palimpsest
