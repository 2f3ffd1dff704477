// One definition of the results' columns: name, type, meaning and how a point's value is written. Header, rows, the
// check of a row that is read back, and the schema in results/README.md come from it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "palimpsest/sweep/plan/plan.hpp"
#include "palimpsest/train/point.hpp"

namespace palimpsest::sweep {

struct Column {
  std::string_view name;
  Type type;
  std::string_view meaning;
  bool is_key;  ///< a parameter: these fields of a row, in their order, are its point's Key
  std::function<std::string(const Point&, const Outcome&)> text;
};

/// The columns of a file, and what can be told from them alone.
class Schema {
 public:
  explicit Schema(std::vector<Column> columns) : columns_(std::move(columns)) {}

  const std::vector<Column>& columns() const { return columns_; }
  std::string header() const;
  std::string row(const Point& point, const Outcome& outcome) const;
  /// The point that a row of ours is about.
  Key key(const std::vector<std::string>& fields) const;
  bool has(std::string_view column) const;
  /// The position of the column of this name, which must be there.
  std::size_t at(std::string_view column) const;
  /// The number in a column of this name; empty if the field is. The row must be without a problem().
  std::optional<double> number(const std::vector<std::string>& fields, std::string_view column) const;
  /// The fields of a row, each as canonical_cell() has it.
  std::vector<std::string> canonical(std::vector<std::string> fields) const;
  /// What is wrong with a row: number of fields, a field that isn't of its column's type, or a parameter that isn't said.
  /// Empty if nothing is.
  std::string problem(const std::vector<std::string>& fields) const;

 private:
  std::vector<Column> columns_;
};

/// What was measured, of sweeps of tasks of a family. The same bytes for the same point, whenever and wherever it ran.
const Schema& values_schema(Family family = Family::pairs);

/// How long it took: the point's parameters and its processor time.
const Schema& timings_schema(Family family = Family::pairs);

/// Markdown tables of name, type and meaning: of tasks of pairs, of all tasks of tokens, and of what each family of them adds.
std::string schemas_markdown();

std::string_view name(Status status);

/// A cell as a sweep writes it, whatever tool wrote it, if a results file has a column of this name: by its type, and of
/// a parameter its one way to be written. What can't be read stays as it is.
std::string canonical_cell(std::string_view column, std::string_view cell);

/// What is wrong with a canonical cell: it isn't of the type of this column, if a results file has it. Empty if nothing.
std::string problem_of_cell(std::string_view column, std::string_view cell);

/// The first column that is empty though its parameter is a part of every point like this one; empty if none is. In a
/// table without `memory` only what every memory has is asked for.
std::string_view missing_parameter(const std::vector<std::string>& columns, const std::vector<std::string>& fields);

}  // namespace palimpsest::sweep
