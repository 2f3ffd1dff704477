// Numbers, words and bytes as text, one way for all files.
#pragma once

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace palimpsest {

/// The shortest text that reads back as this number; `nan` whatever its sign, `inf`, `-inf`.
inline std::string number_text(double value) { return std::isnan(value) ? "nan" : fmt::format("{}", value); }

/// The number that a text is; nothing unless all of it is one, in the range of T.
template <class T>
std::optional<T> parse(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// FNV-1a, 64 bits (Fowler, Noll, Vo).
constexpr std::uint64_t fnv1a(std::string_view bytes) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

/// Bytes of the character that a text begins with; 0 if it begins with none, as UTF-8 has them (RFC 3629, section 4).
std::size_t utf8_length(std::string_view text);

/// The words of a command line as bash, zsh or ksh takes them apart again: quoted where they need it, in one line of
/// UTF-8 whatever their bytes are.
std::string shell_command(int count, const char* const* words);

}  // namespace palimpsest
