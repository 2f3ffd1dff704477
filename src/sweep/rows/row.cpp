#include "palimpsest/sweep/rows/row.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <charconv>
#include <cmath>
#include <map>

#include "palimpsest/core/text.hpp"
#include "palimpsest/sweep/rows/csv.hpp"
#include "sweep/rows/columns.hpp"

namespace palimpsest::sweep {
namespace {

bool has_type(Type type, std::string_view field) {
  if (field.empty() || type == Type::text) return true;
  if (type == Type::boolean) return field == "true" || field == "false";
  double number = 0;
  const auto end = field.data() + field.size();
  const auto read = std::from_chars(field.data(), end, number);
  const bool whole = type == Type::real || field.find_first_not_of("-0123456789") == field.npos;
  return read.ec == std::errc{} && read.ptr == end && whole;
}

std::string wrong_type(std::string_view column, Type type, std::string_view field) {
  return has_type(type, field) ? "" : fmt::format("{} '{}' is not of type {}", column, field, type_name(type));
}

std::string canonical_field(const Column& column, std::string_view field) {
  const auto text = canonical(column.type, field);
  const auto* parameter = parameter_named(column.name);
  if (!column.is_key || !parameter || text.empty()) return text;
  try {
    return canonical(*parameter, text);
  } catch (const ConfigurationError&) {
    return text;
  }
}

/// Null if no results file has a column of this name.
const Column* column_named(std::string_view name) {
  for (const auto& family : kFamilies) {
    const auto& columns = values_schema(family.family).columns();
    const auto at = std::ranges::find(columns, name, &Column::name);
    if (at != columns.end()) return &*at;
  }
  return nullptr;
}

}  // namespace

std::string Schema::header() const {
  std::vector<std::string> names;
  for (const auto& column : columns_) names.emplace_back(column.name);
  return csv_line(names);
}

std::string Schema::row(const Point& point, const Outcome& outcome) const {
  std::vector<std::string> fields;
  for (const auto& column : columns_) fields.push_back(column.text(point, outcome));
  return csv_line(fields);
}

Key Schema::key(const std::vector<std::string>& fields) const {
  Key key(parameters().size());
  for (std::size_t i = 0; i < columns_.size(); ++i)
    if (columns_[i].is_key) key[position_of(columns_[i].name)] = fields[i];
  return key;
}

bool Schema::has(std::string_view column) const {
  return std::ranges::find(columns_, column, &Column::name) != columns_.end();
}

std::size_t Schema::at(std::string_view column) const {
  const auto at = std::find_if(columns_.begin(), columns_.end(), [&](const auto& c) { return c.name == column; });
  assert(at != columns_.end());
  return static_cast<std::size_t>(at - columns_.begin());
}

std::optional<double> Schema::number(const std::vector<std::string>& fields, std::string_view column) const {
  const auto& field = fields[at(column)];
  if (field.empty()) return std::nullopt;
  double value = 0;
  std::from_chars(field.data(), field.data() + field.size(), value);
  return value;
}

std::vector<std::string> Schema::canonical(std::vector<std::string> fields) const {
  for (std::size_t i = 0; i < std::min(fields.size(), columns_.size()); ++i)
    fields[i] = canonical_field(columns_[i], fields[i]);
  return fields;
}

std::string Schema::problem(const std::vector<std::string>& fields) const {
  if (fields.size() != columns_.size())
    return fmt::format("{} fields where the header has {}", fields.size(), columns_.size());
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto& column = columns_[i];
    if (auto problem = wrong_type(column.name, column.type, fields[i]); !problem.empty()) return problem;
    if (column.name == "status" && fields[i] != "ok" && fields[i] != "diverged" && fields[i] != "skipped")
      return fmt::format("status '{}' is not ok, diverged or skipped", fields[i]);
  }
  std::vector<std::string> keys;
  for (const auto& column : columns_) keys.emplace_back(column.is_key ? column.name : "");
  const auto missing = missing_parameter(keys, fields);
  return missing.empty() ? "" : fmt::format("{} is empty", missing);
}

namespace {

Schema timings_of(const Schema& values) {
  std::vector<Column> columns;
  for (const auto& column : values.columns())
    if (column.is_key) columns.push_back(column);
  columns.push_back(measured("seconds", Type::real, "processor time of the point",
                             [](const Outcome& o) { return number_text(std::round(o.seconds * 1e6) / 1e6); }));
  return Schema(std::move(columns));
}

struct Schemas {
  Schema values, timings;
};

const Schemas& schemas(Family family) {
  static const auto all = [] {
    std::map<Family, Schemas> made;
    for (const auto& family : kFamilies) {
      Schema values(family.tokens ? token_columns(family.family) : pair_columns());
      auto timings = timings_of(values);
      made.emplace(family.family, Schemas{std::move(values), std::move(timings)});
    }
    return made;
  }();
  return all.at(family);
}

std::string markdown(const std::vector<Column>& columns) {
  std::string table = "| column | type | meaning |\n|---|---|---|\n";
  for (const auto& column : columns)
    table += fmt::format("| `{}` | {} | {} |\n", column.name, type_name(column.type), column.meaning);
  return table;
}

}  // namespace

std::string schemas_markdown() {
  const auto common = shared_token_columns();
  auto text =
      fmt::format("Tasks of pairs:\n\n{}\nAll tasks of tokens:\n\n{}", markdown(pair_columns()), markdown(common));
  for (const auto& family : kFamilies) {
    if (!family.tokens) continue;
    std::string without;
    for (const auto& column : common)
      if (!is_of(column, family.family)) without += fmt::format("{}`{}`", without.empty() ? "" : ", ", column.name);
    text +=
        fmt::format("\nTasks of {}: the columns of all tasks of tokens{}, and\n\n{}", family.name,
                    without.empty() ? "" : fmt::format(" but {}", without), markdown(own_token_columns(family.family)));
  }
  return text;
}

const Schema& values_schema(Family family) { return schemas(family).values; }
const Schema& timings_schema(Family family) { return schemas(family).timings; }

std::string_view name(Status status) {
  switch (status) {
    case Status::ok:
      return "ok";
    case Status::diverged:
      return "diverged";
    case Status::skipped:
      return "skipped";
  }
  return "";
}

std::string canonical_cell(std::string_view column, std::string_view cell) {
  const auto* known = column_named(column);
  return known ? canonical_field(*known, cell) : std::string(cell);
}

std::string problem_of_cell(std::string_view column, std::string_view cell) {
  const auto* known = column_named(column);
  if (!known || cell.empty()) return "";
  const auto* parameter = parameter_named(column);
  if (!parameter || parameter->type == Type::text) return wrong_type(column, known->type, cell);
  try {
    canonical(*parameter, cell);
    return "";
  } catch (const ConfigurationError& error) {
    return error.what();
  }
}

std::string_view missing_parameter(const std::vector<std::string>& columns, const std::vector<std::string>& fields) {
  Configuration configuration;
  configuration.memory = "softmax";  // has the fewest parameters
  std::vector<const Parameter*> empty;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const auto* parameter = parameter_named(columns[i]);
    if (!parameter) continue;
    try {
      if (fields[i].empty())
        empty.push_back(parameter);
      else
        parameter->set(configuration, fields[i]);
    } catch (const ConfigurationError&) {  // whoever needs the value says so
    }
  }
  for (const auto* parameter : empty) try {
      if (applies(parameter->name, configuration)) return parameter->name;
    } catch (const ConfigurationError&) {  // a component of another version
    }
  return "";
}

}  // namespace palimpsest::sweep
