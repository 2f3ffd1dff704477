#include "palimpsest/sweep/plan/specification.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <numeric>
#include <unordered_set>

#include "palimpsest/train/configuration.hpp"

namespace palimpsest::sweep {
namespace {

constexpr std::size_t most_points = 100'000;  // of a group

bool applies_somewhere(const Parameter& parameter, const Group& group) {
  const auto all = combinations(group);
  return std::any_of(all.begin(), all.end(), [&](const auto& c) { return applies(parameter.name, configure(c)); });
}

std::vector<std::string_view> names_that_apply(const std::vector<Group>& groups) {
  std::vector<std::string_view> names;
  for (const auto& parameter : parameters())
    if (std::ranges::any_of(groups, [&](const Group& group) { return applies_somewhere(parameter, group); }))
      names.push_back(parameter.name);
  return names;
}

enum class Declared { not_at_all, as_component, exactly };

/// What a group declares of a parameter, for many look-ups.
class Declarations {
 public:
  explicit Declarations(const std::vector<std::string>& declared) : values_(declared.begin(), declared.end()) {
    for (const auto& value : declared)
      if (value.find(':') != value.npos) components_.insert(name(value));
  }

  Declared how(const std::string& value) const {
    if (values_.contains(value)) return Declared::exactly;
    return components_.contains(name(value)) ? Declared::as_component : Declared::not_at_all;
  }

 private:
  static std::string name(const std::string& value) { return value.substr(0, value.find(':')); }

  std::unordered_set<std::string> values_, components_;
};

/// Replaces the values of a parameter that applies to all groups, and leaves out those that get none.
void narrow(std::vector<Group>& groups, std::size_t index, const std::vector<std::string>& values) {
  std::vector<std::vector<std::string>> kept(groups.size());
  std::vector<Declarations> declared;
  for (const auto& group : groups) declared.emplace_back(group[index]);
  for (const auto& value : values) {
    auto best = Declared::not_at_all;
    for (const auto& group : declared) best = std::max(best, group.how(value));
    for (std::size_t g = 0; g < groups.size(); ++g)
      if (declared[g].how(value) == best) kept[g].push_back(value);
  }
  for (std::size_t g = 0; g < groups.size(); ++g) groups[g][index] = std::move(kept[g]);
  std::erase_if(groups, [&](const Group& g) { return g[index].empty(); });
}

/// Indices of parameters() in the order of a sweep's loops, outermost first.
std::vector<std::size_t> loop_order() {
  std::vector<std::size_t> order(parameters().size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_partition(order.begin(), order.end(), [](std::size_t i) {
    const auto name = parameters()[i].name;
    return name != "S" && name != "L" && name != "pairs" && name != "length" && name != "entities" && name != "seed";
  });
  return order;
}

/// `20:100:20` for an arithmetic progression of at least three integers, else the values with commas between.
std::string shortened(const Parameter& parameter, const std::vector<std::string>& values) {
  const auto number = [](const std::string& text) {
    long value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
  };
  if (parameter.type == Type::integer && values.size() >= 3) {
    const auto step = number(values[1]) - number(values[0]);
    bool regular = step > 0;
    for (std::size_t i = 1; i < values.size(); ++i)
      regular = regular && number(values[i]) - number(values[i - 1]) == step;
    if (regular) return fmt::format("{}:{}:{}", values.front(), values.back(), step);
  }
  return fmt::format("{}", fmt::join(values, ","));
}

}  // namespace

Family family_of(const Specification& specification) {
  static const auto task = position_of("task");
  Configuration configuration;
  configuration.task = specification.groups.front()[task].front();
  return family_of(configuration);
}

std::filesystem::path find_sweep(const std::string& name_or_path, const std::filesystem::path& directory) {
  if (name_or_path.find('/') != name_or_path.npos || name_or_path.ends_with(".toml")) return name_or_path;
  auto path = directory / (name_or_path + ".toml");
  std::error_code error;
  if (std::filesystem::exists(path, error)) return path;
  std::vector<std::string> known;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error))
    if (entry.path().extension() == ".toml") known.push_back(entry.path().stem());
  std::sort(known.begin(), known.end());
  throw ConfigurationError(fmt::format("unknown sweep '{}'; declared in {}: {}; or give a path ending in .toml",
                                       name_or_path, directory.native(), fmt::join(known, ", ")));
}

Override parse_override(Override::Kind kind, std::string_view text) {
  const auto equals = text.find('=');
  if (equals == text.npos)
    throw ConfigurationError(fmt::format("--{} '{}': write {}", kind == Override::set ? "set" : "axis", text,
                                         kind == Override::set ? "NAME=VALUE" : "NAME=a:b:step or NAME=v1,v2"));
  const auto& parameter = find_parameter(text.substr(0, equals));
  const auto value = text.substr(equals + 1);
  if (kind == Override::set) return {kind, &parameter, {canonical(parameter, value)}};
  return {kind, &parameter, parse_values(parameter, value)};
}

void apply(std::vector<Override> overrides, Specification& specification) {
  std::stable_sort(overrides.begin(), overrides.end(),
                   [](const auto& a, const auto& b) { return a.parameter < b.parameter; });
  for (std::size_t i = 1; i < overrides.size(); ++i)
    if (overrides[i].parameter == overrides[i - 1].parameter)
      throw ConfigurationError(fmt::format("{} is given twice on the command line", overrides[i].parameter->name));
  auto& groups = specification.groups;
  for (const auto& override : overrides) {
    const auto before = groups;
    const auto& parameter = *override.parameter;
    const auto index = position_of(parameter);
    if (specification.search && parameter.name == specification.search->axis) specification.search.reset();
    if (override.kind == Override::set) {
      for (auto& group : groups) group[index] = override.values;
    } else {
      const auto others = std::stable_partition(
          groups.begin(), groups.end(), [&](const Group& group) { return applies_somewhere(parameter, group); });
      std::vector<Group> without(others, groups.end());
      groups.erase(others, groups.end());
      narrow(groups, index, override.values);
      if (override.kind == Override::quick) std::ranges::move(without, std::back_inserter(groups));
    }
    if (std::none_of(groups.begin(), groups.end(), [&](const Group& g) { return applies_somewhere(parameter, g); }))
      throw ConfigurationError(fmt::format("{0}={1}: {0} applies to no point of this sweep; those that do: {2}",
                                           parameter.name, fmt::join(override.values, ","),
                                           fmt::join(names_that_apply(before), ", ")));
  }
}

std::vector<std::vector<std::string>> combinations(const Group& group) {
  std::size_t count = 1;
  for (const auto& values : group) {
    if (values.size() > most_points / count)
      throw ConfigurationError(fmt::format("the sweep has more than {} points a group", most_points));
    count *= values.size();
  }
  std::vector<std::vector<std::string>> all;
  all.reserve(count);
  const auto order = loop_order();
  std::vector<std::size_t> digit(group.size(), 0);
  std::vector<std::string> values(group.size());
  for (std::size_t n = 0; n < count; ++n) {
    for (std::size_t i = 0; i < group.size(); ++i) values[i] = group[i][digit[i]];
    all.push_back(values);
    for (auto i = order.rbegin(); i != order.rend() && ++digit[*i] == group[*i].size(); ++i) digit[*i] = 0;
  }
  return all;
}

std::string describe(const Search& search) {
  std::vector<std::string> criteria;
  for (const auto& criterion : search.criteria) criteria.push_back(to_text(criterion));
  const auto beyond = search.beyond > 0 ? fmt::format(", and {} times the capacity", search.beyond) : "";
  const auto best = search.best_of.empty() ? "" : fmt::format(", the best {}", search.best_of);
  return fmt::format("{} from {} to {}, {}, resolution {}{}{}", search.axis, search.first, search.largest,
                     fmt::join(criteria, ", "), search.resolution, best, beyond);
}

std::string describe(const Group& group) {
  std::string line;
  const auto family = family_of(Specification{"", "", {group}, std::nullopt});
  for (std::size_t i = 0; i < group.size(); ++i) {
    const auto& parameter = parameters()[i];
    if (!belongs(parameter.name, family)) continue;
    if (group[i] == std::vector{parameter.get({})} || group[i] == std::vector{parameter.follows}) continue;
    line += fmt::format("{}{}={}", line.empty() ? "" : " ", parameter.name, shortened(parameter, group[i]));
  }
  return line;
}

}  // namespace palimpsest::sweep
