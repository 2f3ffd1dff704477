// Any CSV file with a header, as text: results of this or another version, or of somebody else.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace palimpsest::sweep {

struct Table {
  struct Row {
    std::size_t line;  ///< from 1, the header's
    std::vector<std::string> fields;
  };
  std::filesystem::path path;
  std::vector<std::string> columns;
  std::vector<Row> rows;

  std::optional<std::size_t> find(std::string_view column) const;
  /// Throws ConfigurationError with the known columns if there is none of this name.
  std::size_t at(std::string_view column) const;
  /// The number in a field, NaN and Inf too; empty if the field is. Throws ConfigurationError with `file:line` if it is
  /// something else.
  std::optional<double> number(const Row& row, std::size_t column) const;
  /// The same of a field that must not be empty.
  double needed(const Row& row, std::size_t column) const;
};

/// The file with the cells of a sweep's columns canonical (row.hpp), whatever tool wrote them. Throws ConfigurationError if
/// it can't be read, has no header or a repeated column, and with `file:line` for a malformed line, a cell that isn't of
/// its column's type or an empty one of a parameter that the point has.
Table read_table(const std::filesystem::path& path);

/// Cells in aligned columns with two blanks between, a line a row; numbers are set right, the header as its column.
std::string aligned(const std::vector<std::vector<std::string>>& cells);

/// The same as Markdown.
std::string markdown(const std::vector<std::vector<std::string>>& cells);

}  // namespace palimpsest::sweep
