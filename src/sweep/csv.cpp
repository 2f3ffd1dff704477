#include "palimpsest/sweep/csv.hpp"

namespace palimpsest::sweep {
namespace {

void append_quoted(std::string& line, std::string_view field) {
  const bool quote = field.find_first_of(",\"\r\n") != field.npos;
  if (quote) line += '"';
  for (const char c : field) {
    if (c == '"') line += '"';
    line += c == '\n' || c == '\r' ? ' ' : c;
  }
  if (quote) line += '"';
}

}  // namespace

std::string csv_line(const std::vector<std::string>& fields) {
  std::string line;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (i > 0) line += ',';
    append_quoted(line, fields[i]);
  }
  return line;
}

std::optional<std::vector<std::string>> csv_fields(std::string_view line) {
  std::vector<std::string> fields;
  for (std::size_t at = 0;;) {
    std::string field;
    if (at < line.size() && line[at] == '"') {
      for (++at;; ++at) {
        if (at >= line.size()) return std::nullopt;  // not closed
        if (line[at] != '"')
          field += line[at];
        else if (at + 1 < line.size() && line[at + 1] == '"')
          field += line[at++];
        else
          break;
      }
      ++at;
      if (at < line.size() && line[at] != ',') return std::nullopt;  // text after the closing quote
    } else {
      for (; at < line.size() && line[at] != ','; ++at) {
        if (line[at] == '"') return std::nullopt;
        field += line[at];
      }
    }
    fields.push_back(std::move(field));
    if (at >= line.size()) return fields;
    ++at;  // the comma
  }
}

}  // namespace palimpsest::sweep
