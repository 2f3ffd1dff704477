// Text as a TOML string.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "palimpsest/core/text.hpp"
#include "palimpsest/core/types.hpp"

namespace palimpsest::sweep {

/// In one line, in double quotes, what needs it escaped. A byte that is no UTF-8, which TOML cannot hold, becomes U+FFFD.
inline std::string toml_string(std::string_view text) {
  std::string quoted = "\"";
  while (!text.empty()) {
    const auto length = utf8_length(text);
    const char c = text.front();
    if (length == 0)
      quoted += "\\uFFFD";
    else if (c == '"' || c == '\\')
      quoted += {'\\', c};
    else if (is_control(c))
      quoted += fmt::format("\\u{:04X}", static_cast<int>(c));
    else
      quoted += text.substr(0, length);
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return quoted + '"';
}

}  // namespace palimpsest::sweep
