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

}  // namespace palimpsest::sweep
