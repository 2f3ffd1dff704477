#include "palimpsest/sweep/table.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <set>

#include "palimpsest/core/types.hpp"
#include "palimpsest/sweep/csv.hpp"

namespace palimpsest::sweep {

std::optional<std::size_t> Table::find(std::string_view column) const {
  const auto at = std::find(columns.begin(), columns.end(), column);
  if (at == columns.end()) return std::nullopt;
  return static_cast<std::size_t>(at - columns.begin());
}

std::size_t Table::at(std::string_view column) const {
  if (const auto index = find(column)) return *index;
  throw ConfigurationError(
      fmt::format("'{}' has no column '{}'; it has: {}", path.native(), column, fmt::join(columns, ", ")));
}

std::optional<double> Table::number(const Row& row, std::size_t column) const {
  const auto& field = row.fields[column];
  if (field.empty()) return std::nullopt;
  double value = 0;
  const auto read = std::from_chars(field.data(), field.data() + field.size(), value);
  if (read.ec == std::errc{} && read.ptr == field.data() + field.size()) return value;
  throw ConfigurationError(
      fmt::format("{}:{}: {} '{}' is no number", path.native(), row.line, columns[column], field));
}

Table read_table(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text;
  if (std::filesystem::is_directory(path) || !file || !std::getline(file, text))
    throw ConfigurationError(fmt::format("cannot read '{}', or it is empty", path.native()));
  auto fields = [&, line = std::size_t{0}]() mutable {
    ++line;
    if (text.ends_with('\r')) text.pop_back();
    auto fields = csv_fields(text);
    if (!fields) throw ConfigurationError(fmt::format("{}:{}: quotes don't match", path.native(), line));
    return Table::Row{line, std::move(*fields)};
  };
  Table table{path, fields().fields, {}};
  if (const std::set<std::string> distinct(table.columns.begin(), table.columns.end());
      distinct.size() != table.columns.size())
    throw ConfigurationError(fmt::format("'{}' has a column twice", path.native()));
  while (std::getline(file, text)) {
    auto row = fields();
    if (row.fields.size() != table.columns.size())
      throw ConfigurationError(fmt::format("{}:{}: {} fields where the header has {}", path.native(), row.line,
                                           row.fields.size(), table.columns.size()));
    table.rows.push_back(std::move(row));
  }
  return table;
}

std::string aligned(const std::vector<std::vector<std::string>>& cells) {
  std::vector<std::size_t> width;
  std::vector<bool> right;
  for (const auto& row : cells) {
    width.resize(std::max(width.size(), row.size()), 0);
    right.resize(width.size(), true);
    for (std::size_t i = 0; i < row.size(); ++i) {
      width[i] = std::max(width[i], row[i].size());
      if (&row != &cells.front() && row[i].find_first_not_of("-+.0123456789e>=") != row[i].npos) right[i] = false;
    }
  }
  std::string text;
  for (const auto& row : cells) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i)
      line += right[i] ? fmt::format("{}{:>{}}", i ? "  " : "", row[i], width[i])
                       : fmt::format("{}{:<{}}", i ? "  " : "", row[i], width[i]);
    text += line.substr(0, line.find_last_not_of(' ') + 1) + '\n';
  }
  return text;
}

}  // namespace palimpsest::sweep
