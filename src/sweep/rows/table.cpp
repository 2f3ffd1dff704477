#include "palimpsest/sweep/rows/table.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "palimpsest/core/file.hpp"
#include "palimpsest/core/text.hpp"
#include "palimpsest/core/types.hpp"
#include "palimpsest/sweep/rows/csv.hpp"
#include "palimpsest/sweep/rows/row.hpp"

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

double Table::needed(const Row& row, std::size_t column) const {
  if (const auto value = number(row, column)) return *value;
  throw ConfigurationError(fmt::format("{}:{}: {} is empty", path.native(), row.line, columns[column]));
}

std::optional<double> Table::number(const Row& row, std::size_t column) const {
  const auto& field = row.fields[column];
  if (field.empty()) return std::nullopt;
  if (const auto value = parse<double>(field)) return value;
  throw ConfigurationError(fmt::format("{}:{}: {} '{}' is no number", path.native(), row.line, columns[column], field));
}

Table read_table(const std::filesystem::path& path) {
  const auto content = read_file(path);
  auto records = csv_records(content);
  if (records.empty()) throw ConfigurationError(fmt::format("'{}' is empty, a header line is needed", path.native()));
  const auto fail = [&](std::size_t line, std::string_view what) {
    throw ConfigurationError(fmt::format("{}:{}: {}", path.native(), line, what));
  };
  for (const auto& record : records)
    if (!record.fields) fail(record.line, "quotes don't match");
  Table table{path, std::move(*records.front().fields), {}};
  const auto& columns = table.columns;
  if (std::set<std::string>(columns.begin(), columns.end()).size() != columns.size())
    throw ConfigurationError(fmt::format("'{}' has a column twice", path.native()));
  for (auto record = records.begin() + 1; record != records.end(); ++record) {
    Table::Row row{record->line, std::move(*record->fields)};
    if (row.fields.size() != columns.size())
      fail(row.line, fmt::format("{} fields where the header has {}", row.fields.size(), columns.size()));
    for (std::size_t i = 0; i < columns.size(); ++i) {
      row.fields[i] = canonical_cell(columns[i], row.fields[i]);
      if (const auto problem = problem_of_cell(columns[i], row.fields[i]); !problem.empty()) fail(row.line, problem);
    }
    if (const auto missing = missing_parameter(columns, row.fields); !missing.empty())
      fail(row.line, fmt::format("{} is empty", missing));
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

std::string markdown(const std::vector<std::vector<std::string>>& cells) {
  std::string text;
  for (const auto& row : cells) {
    text += fmt::format("| {} |\n", fmt::join(row, " | "));
    if (&row != &cells.front()) continue;
    for (std::size_t i = 0; i < row.size(); ++i) text += "|---";
    text += "|\n";
  }
  return text;
}

}  // namespace palimpsest::sweep
