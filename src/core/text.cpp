#include "palimpsest/core/text.hpp"

#include <algorithm>

#include "palimpsest/core/types.hpp"

namespace palimpsest {
namespace {

/// Whether the byte at this place is one of low … high.
bool in_range(std::string_view text, std::size_t at, unsigned char low, unsigned char high) {
  return at < text.size() && low <= static_cast<unsigned char>(text[at]) &&
         static_cast<unsigned char>(text[at]) <= high;
}

bool is_plain(char c) {
  constexpr std::string_view signs = "_@%+=:,./^-";
  return ('a' <= c && c <= 'z') || ('A' <= c && c <= 'Z') || ('0' <= c && c <= '9') || signs.find(c) != signs.npos;
}

std::string shell_word(std::string_view word) {
  if (!word.empty() && std::all_of(word.begin(), word.end(), is_plain)) return std::string(word);
  std::string quoted, escaped;  // as '…', and as $'…', which has escapes
  bool needs_escapes = false;
  while (!word.empty()) {
    const auto length = utf8_length(word);
    const auto character = word.substr(0, std::max<std::size_t>(length, 1));
    word.remove_prefix(character.size());
    const char first = character.front();
    if (length == 0 || is_control(first)) {
      needs_escapes = true;
      escaped += fmt::format("\\{:03o}", static_cast<unsigned char>(first));
      continue;
    }
    quoted += first == '\'' ? std::string_view("'\\''") : character;
    if (first == '\'' || first == '\\') escaped += '\\';
    escaped += character;
  }
  return needs_escapes ? fmt::format("$'{}'", escaped) : fmt::format("'{}'", quoted);
}

}  // namespace

std::size_t utf8_length(std::string_view text) {
  const auto follows = [&](std::size_t at) { return in_range(text, at, 0x80, 0xBF); };
  if (in_range(text, 0, 0x00, 0x7F)) return 1;
  if (in_range(text, 0, 0xC2, 0xDF)) return follows(1) ? 2 : 0;
  if (in_range(text, 0, 0xE0, 0xEF)) {
    const bool low = in_range(text, 0, 0xE0, 0xE0), surrogate = in_range(text, 0, 0xED, 0xED);
    return in_range(text, 1, low ? 0xA0 : 0x80, surrogate ? 0x9F : 0xBF) && follows(2) ? 3 : 0;
  }
  if (!in_range(text, 0, 0xF0, 0xF4)) return 0;
  const bool low = in_range(text, 0, 0xF0, 0xF0), high = in_range(text, 0, 0xF4, 0xF4);
  return in_range(text, 1, low ? 0x90 : 0x80, high ? 0x8F : 0xBF) && follows(2) && follows(3) ? 4 : 0;
}

std::string shell_command(int count, const char* const* words) {
  std::string line;
  for (int i = 0; i < count; ++i) {
    if (i > 0) line += ' ';
    line += shell_word(words[i]);
  }
  return line;
}

}  // namespace palimpsest
