// What every fuzz target demands: an input is taken, or refused by one of the documented errors with one line of text.
// Any other exception, a sanitizer's finding or a hang is a failure.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string_view>

#include "palimpsest/core/types.hpp"

namespace palimpsest::fuzz {

/// Ends the process, for libFuzzer to keep the input.
inline void demand(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "fuzz: %s\n", what);
  std::abort();
}

inline void demand_one_line(std::string_view message) {
  demand(!message.empty(), "an error without a message");
  for (const char c : message)
    demand(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f,
           "a message with a line break or another control character");
}

/// Whether f() returned; false if it threw Error.
template <class Error = ConfigurationError, class F>
bool accepts(F&& f) {
  try {
    f();
    return true;
  } catch (const Error& error) {
    demand_one_line(error.what());
    return false;
  }
}

inline std::string_view text(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace palimpsest::fuzz
