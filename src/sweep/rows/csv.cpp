#include "palimpsest/sweep/rows/csv.hpp"

#include <algorithm>

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

std::vector<CsvRecord> csv_records(std::string_view content) {
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (content.starts_with(byte_order_mark)) content.remove_prefix(byte_order_mark.size());
  std::vector<CsvRecord> records;
  for (std::size_t line = 1; !content.empty(); ++line) {
    const auto end = content.find('\n');
    auto text = content.substr(0, end);
    content.remove_prefix(std::min(text.size() + 1, content.size()));
    if (text.ends_with('\r')) text.remove_suffix(1);
    auto fields = csv_fields(text);
    const bool blank = fields && std::all_of(fields->begin(), fields->end(), [](const auto& f) { return f.empty(); });
    if (fields)
      for (auto& field : *fields) std::replace(field.begin(), field.end(), '\r', ' ');  // as csv_line() writes one
    if (!blank) records.push_back({line, std::move(fields), end != text.npos});
  }
  return records;
}

}  // namespace palimpsest::sweep
