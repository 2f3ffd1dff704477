// Text as a TOML string.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "palimpsest/core/types.hpp"

namespace palimpsest::sweep {

/// In one line, in double quotes, what needs it escaped.
inline std::string toml_string(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\')
      quoted += {'\\', c};
    else if (is_control(c))
      quoted += fmt::format("\\u{:04X}", static_cast<int>(c));
    else
      quoted += c;
  }
  return quoted + '"';
}

}  // namespace palimpsest::sweep
