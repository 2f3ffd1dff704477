#include <fmt/format.h>
#include <fmt/ranges.h>

#include <fstream>
#include <optional>
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
    if (of_tokens(followed))
      for (const auto& parameter : parameters())
        if (!parameter.follows.empty()) at(common, parameter) = {parameter.follows};
    const toml::node* axes = nullptr;
    const toml::node* groups = nullptr;
    const toml::node* quick = nullptr;
    if (root.contains("search")) searched_ = root["search"]["axis"].value_or(Search().axis);
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
    if (specification.search) require_searched(specification);
    const bool declared = !root.contains("run");  // what ran may have been narrowed to one value
    if (declared && specification.search && !specification.search->best_of.empty()) require_axis(specification);
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

  /// The first task that the sweep names, in its baseline, its axes or a group; the default if it names none.
  std::string task(const toml::table& root) const {
    if (!reading_.task.empty()) return reading_.task;
    for (const auto* path :
         {"baseline.task", "axes.task", "axes.task[0]", "group[0].task", "group[0].axes.task", "group[0].axes.task[0]"})
      if (const auto name = root.at_path(path).value<std::string>()) return *name;
    return Configuration().task;
  }

  /// The default values: a provenance file writes out all that its program knew, and what that didn't was as published.
  Configuration protocol(const toml::table& root) const {
    Configuration followed;
    followed.task = task(root);
    const auto* node = root.get("protocol");
    const bool recorded = root.contains("run");
    if (of_tokens(followed))
      follow_protocol("sequence", followed);
    else if (recorded)
      follow_protocol("published_2021", followed);
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
        overrides.push_back({Override::quick, &parameter, values(parameter, item)});
      }
    }
    if (!reading_.quick) return;
    if (!node) throw ConfigurationError(fmt::format("'{}' has no quick form, a table [quick]", source_));
    located(node->source(), [&] { apply(std::move(overrides), specification); });
  }

  void require_searched(const Specification& specification) const {
    const auto& axis = specification.search->axis;
    const auto family = family_of(specification);
    if (belongs(axis, family)) return;
    std::vector<std::string_view> allowed;
    for (const auto& parameter : parameters())
      if (parameter.type == Type::integer && parameter.name != "seed" && belongs(parameter.name, family))
        allowed.push_back(parameter.name);
    throw ConfigurationError(fmt::format("'{}': axis = '{}': the task '{}' doesn't have it; allowed: {}", source_, axis,
                                         specification.groups.front().front().front(), fmt::join(allowed, ", ")));
  }

  /// A parameter of which the best value counts has several in some group.
  void require_axis(const Specification& specification) const {
    const auto& name = specification.search->best_of;
    const auto i = position_of(name);
    const auto is_axis = [&](std::size_t parameter) {
      return std::ranges::any_of(specification.groups, [&](const Group& group) { return group[parameter].size() > 1; });
    };
    if (is_axis(i)) return;
    std::vector<std::string_view> axes;
    for (std::size_t other = 0; other < parameters().size(); ++other)
      if (is_axis(other)) axes.push_back(parameters()[other].name);
    throw ConfigurationError(fmt::format("'{}': best_of = '{}': no group has an axis of it; axes are: {}", source_,
                                         name, axes.empty() ? "none" : fmt::format("{}", fmt::join(axes, ", "))));
  }

  std::string parameter_name(const toml::key& key, const toml::node& node) const {
    return located(node.source(), [&] { return std::string(find_parameter(string(key.str(), node)).name); });
  }

  std::string searched_axis(const toml::key& key, const toml::node& node) const {
    const auto name = parameter_name(key, node);
    if (find_parameter(name).type != Type::integer || name == "seed")
      fail(node.source(), fmt::format("axis '{}': allowed is a parameter of type integer, but seed", name));
    return name;
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
      else if (key == "step")
        number(key, node, search.step, 1, most);
      else if (key == "failures")
        number(key, node, search.failures, 1, most);
      else if (key == "beyond")
        number(key, node, search.beyond, 0, 100);
      else if (key == "criteria")
        search.criteria = read_criteria(node);
      else if (key == "axis")
        search.axis = searched_axis(key, node);
      else if (key == "best_of")
        search.best_of = parameter_name(key, node);
      else
        fail(key.source(), fmt::format("unknown key '{}'; known: axis, first, largest, criteria, resolution, step, "
                                       "failures, best_of, beyond",
                                       key.str()));
    }
    if (search.first == 0 || search.largest < search.first)
      fail(table.source(), "[search] needs 'first' and 'largest', integers with first <= largest");
    if (search.first % search.step != 0 || search.largest % search.step != 0)
      fail(table.source(),
           fmt::format("[search] step = {}: 'first' and 'largest' must be multiples of it", search.step));
    if (search.beyond > 0 && search.beyond <= 1)
      fail(table.get("beyond")->source(), "'beyond' must be above 1, a multiple of the capacity, or 0 for none");
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
    if (key == searched_)
      fail(key.source(), fmt::format("{} is searched for, as [search] says: give it no value", searched_));
    return *located(key.source(), [&] { return &find_parameter(key.str()); });
  }

  static std::vector<std::string>& at(Group& group, const Parameter& parameter) {
    return group[position_of(parameter)];
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
    if (node.is_string() && (type == Type::text || parameter.relative)) return **node.as_string();
    const bool number = type == Type::integer || type == Type::real || parameter.takes_number;
    if (node.is_boolean() && type == Type::boolean) return **node.as_boolean() ? "true" : "false";
    if (node.is_integer() && number) return fmt::format("{}", **node.as_integer());
    if (node.is_floating_point() && (type == Type::real || parameter.takes_number))
      return fmt::format("{}", **node.as_floating_point());
    throw ConfigurationError(fmt::format("{} must be of type {}{}{}", parameter.name, type_name(type),
                                         parameter.relative ? fmt::format(" or {}", parameter.relative_form) : "",
                                         parameter.takes_number ? " or a number" : ""));
  }

  const std::string& source_;
  const Reading& reading_;
  std::string searched_;  // the parameter; empty without a search
};

/// The value as TOML writes it.
std::string literal(const Parameter& parameter, const std::string& value) {
  const bool bare = parameter.type != Type::text && !parameter.is_relative(value);
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
    toml += fmt::format(
        "\n[search]\naxis = {}\nfirst = {}\nlargest = {}\ncriteria = [{}]\nresolution = {}\nfailures = {}\nbeyond = "
        "{}\n",
        toml_string(search->axis), search->first, search->largest, fmt::join(criteria, ", "), search->resolution,
        search->failures, search->beyond);
    if (search->step != 1) toml += fmt::format("step = {}\n", search->step);
    if (!search->best_of.empty()) toml += fmt::format("best_of = {}\n", toml_string(search->best_of));
  }
  for (const auto& group : specification.groups) {
    std::string axes;
    toml += "\n[[group]]\n";
    Configuration task;
    task.task = group.front().front();
    const auto family = family_of(task);
    for (std::size_t i = 0; i < group.size(); ++i) {
      const auto& parameter = parameters()[i];
      if ((specification.search && parameter.name == specification.search->axis) || !belongs(parameter.name, family))
        continue;
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
