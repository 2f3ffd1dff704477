#include <fmt/format.h>
#include <fmt/ranges.h>

#include <fstream>
#include <sstream>

#include "palimpsest/sweep/plan/specification.hpp"
#include "palimpsest/sweep/plan/toml_text.hpp"

#include <external/toml.hpp>  // the last one: it undefines NDEBUG

namespace palimpsest::sweep {
namespace {

class Reader {
 public:
  Reader(const std::string& source, const Reading& reading) : source_(source), reading_(reading) {}

  Specification read(const toml::table& root) {
    Specification specification;
    Group common;
    const auto followed = protocol(root);
    for (const auto& parameter : parameters()) common.push_back({parameter.get(followed)});
    const toml::node* axes = nullptr;
    const toml::node* groups = nullptr;
    const toml::node* quick = nullptr;
    searched_ = root.contains("search");
    for (const auto& [key, node] : root) {  // alphabetically, so that [axes] and [[group]] wait for [baseline]
      if (key == "name")
        specification.name = string(key, node);
      else if (key == "description")
        specification.description = string(key, node);
      else if (key == "baseline")
        read_constants(table(key, node), common);
      else if (key == "axes")
        axes = &node;
      else if (key == "group")
        groups = &node;
      else if (key == "search")
        specification.search = read_search(table(key, node));
      else if (key == "quick")
        quick = &node;
      else if (key != "protocol" && key != "run")  // what a provenance file says of its runs is no part of the sweep
        fail(key.source(),
             fmt::format("unknown key '{}'; known: name, description, protocol, search, baseline, axes, group, quick",
                         key.str()));
    }
    if (axes) read_axes(table("axes", *axes), common);
    if (!groups)
      specification.groups = {common};
    else
      read_groups(*groups, common, specification.groups);
    apply_quick(quick, specification);
    return specification;
  }

 private:
  [[noreturn]] void fail(const toml::source_region& where, std::string_view message) const {
    throw ConfigurationError(fmt::format("{}:{}: {}", source_, where.begin.line, message));
  }

  /// f(), its ConfigurationError with the place in front.
  template <class F>
  auto located(const toml::source_region& where, F f) const {
    try {
      return f();
    } catch (const ConfigurationError& error) {
      fail(where, error.what());
    }
  }

  const toml::table& table(std::string_view key, const toml::node& node) const {
    if (!node.is_table()) fail(node.source(), fmt::format("'{}' must be a table", key));
    return *node.as_table();
  }

  std::string string(std::string_view key, const toml::node& node) const {
    if (!node.is_string()) fail(node.source(), fmt::format("'{}' must be a string", key));
    return **node.as_string();
  }

  /// The default values: a provenance file writes out all that its program knew, and what that didn't was as published.
  Configuration protocol(const toml::table& root) const {
    Configuration followed;
    const auto* node = root.get("protocol");
    const bool recorded = root.contains("run");
    if (recorded) follow_protocol("published_2021", followed);
    if (node) {
      const auto name = string("protocol", *node);
      located(node->source(), [&] { follow_protocol(name, followed); });
    }
    if (reading_.protocol.empty()) return followed;
    if (recorded)
      throw ConfigurationError(
          fmt::format("'{}' gives every value itself: no protocol changes it; --set does", source_));
    follow_protocol(reading_.protocol, followed);
    return followed;
  }

  void apply_quick(const toml::node* node, Specification& specification) const {
    std::vector<Override> overrides;
    if (node) {
      for (const auto& [key, item] : table("quick", *node)) {
        const auto& parameter = parameter_of(key);
        overrides.push_back({Override::axis, &parameter, values(parameter, item)});
      }
    }
    if (!reading_.quick) return;
    if (!node) throw ConfigurationError(fmt::format("'{}' has no quick form, a table [quick]", source_));
    located(node->source(), [&] { apply(std::move(overrides), specification); });
  }

  Search read_search(const toml::table& table) const {
    Search search;
    const auto number = [&]<class T>(const toml::key& key, const toml::node& node, T& field, double least,
                                     double most) {
      const auto value = node.value<double>();  // of an integer, too
      const bool whole = std::is_integral_v<T>;
      if (!value || (whole && !node.is_integer()) || !(*value >= least && *value <= most))
        fail(node.source(),
             fmt::format("'{}' must be {} from {} to {}", key.str(), whole ? "an integer" : "a number", least, most));
      field = static_cast<T>(*value);
    };
    constexpr double most = 100'000;
    for (const auto& [key, node] : table) {
      if (key == "first")
        number(key, node, search.first, 1, most);
      else if (key == "largest")
        number(key, node, search.largest, 1, most);
      else if (key == "resolution")
        number(key, node, search.resolution, 0, 1);
      else if (key == "failures")
        number(key, node, search.failures, 1, most);
      else if (key == "criteria")
        search.criteria = read_criteria(node);
      else
        fail(key.source(),
             fmt::format("unknown key '{}'; known: first, largest, criteria, resolution, failures", key.str()));
    }
    if (search.first == 0 || search.largest < search.first)
      fail(table.source(), "[search] needs 'first' and 'largest', integers with first <= largest");
    if (search.criteria.empty()) search.criteria = {parse_criterion("final_loss <= 0.001")};
    return search;
  }

  std::vector<Criterion> read_criteria(const toml::node& node) const {
    std::vector<Criterion> criteria;
    if (const auto* array = node.as_array())
      for (const auto& item : *array)
        criteria.push_back(located(item.source(), [&] { return parse_criterion(string("criteria", item)); }));
    if (criteria.empty()) fail(node.source(), "'criteria' must be an array of strings such as \"final_loss <= 0.001\"");
    return criteria;
  }

  void read_groups(const toml::node& node, const Group& common, std::vector<Group>& groups) const {
    if (!node.is_array_of_tables()) fail(node.source(), "'group' must be tables, each headed [[group]]");
    for (const auto& element : *node.as_array()) {
      Group group = common;
      read_constants(*element.as_table(), group, "axes");
      if (const auto* axes = element.as_table()->get("axes")) read_axes(table("axes", *axes), group);
      groups.push_back(std::move(group));
    }
  }

  void read_constants(const toml::table& table, Group& group, std::string_view except = "") const {
    for (const auto& [key, node] : table) {
      if (key == except) continue;
      const auto& parameter = parameter_of(key);
      at(group, parameter) = {constant(parameter, node)};
    }
  }

  void read_axes(const toml::table& table, Group& group) const {
    for (const auto& [key, node] : table) {
      const auto& parameter = parameter_of(key);
      at(group, parameter) = values(parameter, node);
    }
  }

  /// Of an axis.
  std::vector<std::string> values(const Parameter& parameter, const toml::node& node) const {
    std::vector<std::string> values;
    const auto add = [&](const toml::node& item) {
      for (auto& value : listed(parameter, item)) values.push_back(std::move(value));
      located(item.source(), [&] { check_number(parameter, values.size()); });
    };
    if (node.is_array())
      for (const auto& item : *node.as_array()) add(item);
    else
      add(node);
    located(node.source(), [&] {
      if (values.empty()) throw ConfigurationError(fmt::format("{}: an axis needs at least one value", parameter.name));
      check_distinct(parameter, values);
    });
    return values;
  }

  const Parameter& parameter_of(const toml::key& key) const {
    if (searched_ && key == "S") fail(key.source(), "S is searched for, as [search] says: give it no value");
    return *located(key.source(), [&] { return &find_parameter(key.str()); });
  }

  static std::vector<std::string>& at(Group& group, const Parameter& parameter) {
    return group[static_cast<std::size_t>(&parameter - parameters().data())];
  }

  /// One value, of the parameter's type; L also takes a string.
  std::string constant(const Parameter& parameter, const toml::node& node) const {
    return located(node.source(), [&] { return canonical(parameter, text(parameter, node)); });
  }

  /// The values that one item of an axis stands for: a string may be a list or a range.
  std::vector<std::string> listed(const Parameter& parameter, const toml::node& item) const {
    const bool list = item.is_string() && (parameter.type == Type::text || parameter.type == Type::integer);
    if (!list) return {constant(parameter, item)};
    return located(item.source(), [&] { return parse_values(parameter, **item.as_string()); });
  }

  static std::string text(const Parameter& parameter, const toml::node& node) {
    const auto type = parameter.type;
    if (node.is_string() && (type == Type::text || parameter.name == "L")) return **node.as_string();
    const bool gate = parameter.name == "beta" || parameter.name == "alpha";  // a word or a number
    if (node.is_boolean() && type == Type::boolean) return **node.as_boolean() ? "true" : "false";
    if (node.is_integer() && (gate || type == Type::integer || type == Type::real))
      return fmt::format("{}", **node.as_integer());
    if (node.is_floating_point() && (gate || type == Type::real)) return fmt::format("{}", **node.as_floating_point());
    throw ConfigurationError(fmt::format("{} must be of type {}{}", parameter.name, type_name(type),
                                         parameter.name == "L" ? " or a multiple of S such as \"2S\""
                                         : gate                ? " or a number"
                                                               : ""));
  }

  const std::string& source_;
  const Reading& reading_;
  bool searched_ = false;
};

/// The value as TOML writes it.
std::string literal(const Parameter& parameter, const std::string& value) {
  const bool bare = parameter.type != Type::text && value.find('S') == value.npos;
  return bare ? value : toml_string(value);
}

}  // namespace

Specification parse_specification(std::string_view text, const std::string& source, const Reading& reading) {
  return Reader(source, reading).read(parse_toml(text, source));
}

Specification load_specification(const std::filesystem::path& path, const Reading& reading) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  if (std::filesystem::is_directory(path) || !file || !(text << file.rdbuf()))
    throw ConfigurationError(fmt::format("cannot read the sweep '{}'", path.native()));
  auto specification = parse_specification(text.str(), path.native(), reading);
  if (specification.name.empty()) specification.name = path.stem();
  return specification;
}

std::string to_toml(const Specification& specification) {
  std::string toml = fmt::format("name = {}\ndescription = {}\n", toml_string(specification.name),
                                 toml_string(specification.description));
  if (const auto& search = specification.search) {
    std::vector<std::string> criteria;
    for (const auto& criterion : search->criteria) criteria.push_back(toml_string(to_text(criterion)));
    toml +=
        fmt::format("\n[search]\nfirst = {}\nlargest = {}\ncriteria = [{}]\nresolution = {}\nfailures = {}\n",
                    search->first, search->largest, fmt::join(criteria, ", "), search->resolution, search->failures);
  }
  for (const auto& group : specification.groups) {
    std::string axes;
    toml += "\n[[group]]\n";
    for (std::size_t i = 0; i < group.size(); ++i) {
      const auto& parameter = parameters()[i];
      if (specification.search && parameter.name == "S") continue;
      if (group[i].size() == 1) {
        toml += fmt::format("{} = {}\n", parameter.name, literal(parameter, group[i].front()));
        continue;
      }
      std::vector<std::string> values;
      for (const auto& value : group[i]) values.push_back(literal(parameter, value));
      axes += fmt::format("axes.{} = [{}]\n", parameter.name, fmt::join(values, ", "));
    }
    toml += axes;
  }
  return toml;
}

}  // namespace palimpsest::sweep
