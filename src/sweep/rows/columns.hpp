// What columns of results are made with, and those of each kind of task.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "palimpsest/sweep/rows/row.hpp"

namespace palimpsest::sweep {

/// A number as results have it, or nothing.
std::string cell(const std::optional<double>& value);

/// The parameter of this name.
Column key(std::string_view parameter_name);

/// What value(outcome) says.
template <class F>
Column measured(std::string_view name, Type type, std::string_view meaning, F value) {
  return {name, type, meaning, false, [value](const Point&, const Outcome& outcome) { return value(outcome); }};
}

// A field of the outcome: a number, one of several, a count of whatever ran, a count that may be missing.
Column number(std::string_view name, std::optional<double> Outcome::*field, std::string_view meaning);
Column part(std::string_view name, LossParts Outcome::*field, std::size_t index, std::string_view meaning);
Column count(std::string_view name, Index Outcome::*field, std::string_view meaning);
Column whole(std::string_view name, std::optional<Index> Outcome::*field, std::string_view meaning);

Column status();
Column feature_dim();

/// Of tasks of pairs.
std::vector<Column> pair_columns();

/// Of tasks of tokens: those that all share; those that only tasks of this family have; and all that tasks of this family have.
std::vector<Column> shared_token_columns();
std::vector<Column> own_token_columns(Family family);
std::vector<Column> token_columns(Family family);

/// Whether tasks of a family have it, of the columns that tasks of tokens share.
bool is_of(const Column& column, Family family);

}  // namespace palimpsest::sweep
