#define TOML_IMPLEMENTATION
#include <fmt/format.h>

#include <external/toml.hpp>

namespace palimpsest {
namespace {

/// The line that makes it so, from 1.
std::size_t broken_line(std::string_view text) {
  std::size_t line = 1;
  for (auto end = text.find('\n'); end != text.npos; end = text.find('\n', end + 1), ++line) {
    try {
      static_cast<void>(toml::parse(text.substr(0, end + 1)));
    } catch (const toml::parse_error&) {  // cut in the middle of something
    } catch (const BrokenToml&) {
      break;
    }
  }
  return line;
}

}  // namespace

toml::table parse_toml(std::string_view text, const std::string& source) {
  try {
    return toml::parse(text, source);
  } catch (const toml::parse_error& error) {
    const auto place = error.source().begin;
    throw ConfigurationError(fmt::format("{}:{}:{}: {}", source, place.line, place.column, error.description()));
  } catch (const BrokenToml&) {
    throw ConfigurationError(fmt::format("{}:{}: malformed TOML", source, broken_line(text)));
  }
}

}  // namespace palimpsest
