// The one table of what defines a point. TOML keys, --set, --axis and the configuration columns of the CSV all come
// from it; a new field of Configuration becomes all four by one line in src/sweep/plan/parameter.cpp.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "palimpsest/train/configuration.hpp"

namespace palimpsest::sweep {

enum class Type { text, integer, real, boolean };

/// `string`, `integer`, `number` or `boolean`, as the schema writes it.
std::string_view type_name(Type type);

struct Parameter {
  std::string_view name;
  Type type;
  std::string_view meaning;
  /// Writes the field. Throws ConfigurationError, naming the value and what is allowed. Values of components are taken
  /// as they are; validate() knows them. A relative value is of the parameters that are set by then.
  std::function<void(Configuration&, std::string_view text)> set;
  /// The field as text, the shortest that reads back as the same value.
  std::function<std::string(const Configuration&)> get;
  /// Of a text that says the value by another parameter's, such as `2S`, the one way to write it; empty of others. Null if the
  /// parameter has no such values.
  std::function<std::string(std::string_view text)> relative = nullptr;
  std::string_view relative_form = "";  ///< such a value, for messages: `a multiple of S such as "2S"`

  std::string follows = "";   ///< the relative value that is assumed where a sweep of tasks of tokens says nothing
  bool takes_number = false;  ///< a text that may be a number: TOML may write it as one

  bool is_relative(std::string_view text) const { return relative && !relative(text).empty(); }
};

/// A value as this suite writes it, whatever tool wrote it: `64.0` of an integer is `64`, `TRUE` of a boolean `true`,
/// `1E-3` of a number `0.001`. What isn't of the type stays as it is.
std::string canonical(Type type, std::string_view text);

/// All parameters, in the order of the columns and in which they are to be set.
const std::vector<Parameter>& parameters();

/// Null if there is none of this name.
const Parameter* parameter_named(std::string_view name);

/// Throws ConfigurationError with the known names if there is none of this name.
const Parameter& find_parameter(std::string_view name);

/// Where it stands in parameters(), and so in a key and a group. Throws as find_parameter does.
std::size_t position_of(const Parameter& parameter);
std::size_t position_of(std::string_view name);

/// The one way to write this value: `020` is `20`, `1e-03` is `0.001`; `2S` stays `2S`, as all relative values do. Throws as Parameter::set does.
std::string canonical(const Parameter& parameter, std::string_view text);

/// The values that an axis lists: `a:b:step` (both ends included, integers only), `v1,v2`, or a mix of them. Throws
/// ConfigurationError for a malformed range, an empty or a repeated value.
std::vector<std::string> parse_values(const Parameter& parameter, std::string_view text);

/// Throws ConfigurationError if that is too many for an axis.
void check_number(const Parameter& parameter, std::size_t values);

/// Throws ConfigurationError if a value is listed twice.
void check_distinct(const Parameter& parameter, std::vector<std::string> values);

/// The configuration that these texts, one a parameter in the order of parameters(), say. Throws as Parameter::set
/// does.
Configuration configure(const std::vector<std::string>& values);

}  // namespace palimpsest::sweep
