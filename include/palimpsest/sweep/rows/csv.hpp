// Comma-separated values (RFC 4180), one record a line: a line break inside a field is written as a blank, so that a
// file cut off anywhere shows it in its last line.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace palimpsest::sweep {

/// The fields with commas between, quoted where they need it. No line end.
std::string csv_line(const std::vector<std::string>& fields);

/// The fields of a line without its end; empty if its quotes don't match.
std::optional<std::vector<std::string>> csv_fields(std::string_view line);

/// A line of a file that holds something.
struct CsvRecord {
  std::size_t line;                                ///< from 1
  std::optional<std::vector<std::string>> fields;  ///< empty if its quotes don't match
  bool ended;                                      ///< whether its line end is there
};

/// The records of a file, as other tools may have written it, too: a byte order mark before them and carriage returns at
/// line ends are no part of them; a blank line, or one whose fields are all empty, is none.
std::vector<CsvRecord> csv_records(std::string_view content);

}  // namespace palimpsest::sweep
