#include "palimpsest/sweep/plan/plan.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <unordered_set>

#include "palimpsest/core/text.hpp"
#include "palimpsest/train/configuration.hpp"
#include "palimpsest/train/operations.hpp"

namespace palimpsest::sweep {

Point resolve(Configuration configuration) {
  validate(configuration);
  Point point;
  const Configuration defaults;
  // All before any is reset: whether one applies may depend on another.
  std::vector<std::string_view> names;
  for (const auto& parameter : parameters()) names.push_back(parameter.name);
  const auto applying = applies(names, configuration);
  for (std::size_t i = 0; i < names.size(); ++i)
    point.key.push_back(applying[i] ? parameters()[i].get(configuration) : "");
  for (std::size_t i = 0; i < point.key.size(); ++i)
    if (point.key[i].empty()) parameters()[i].set(configuration, parameters()[i].get(defaults));
  point.skip = reason_to_skip(configuration);
  point.cost = point.skip ? 0 : cost_estimate(configuration);
  point.configuration = std::move(configuration);
  return point;
}

Family family_of(const std::vector<Point>& points) {
  return points.empty() ? Family::pairs : family_of(points[0].configuration);
}

std::vector<Point> plan(const Specification& specification) {
  std::vector<Point> points;
  std::unordered_set<std::string> seen;
  const auto& search = specification.search;
  const auto searched = search ? position_of(search->axis) : 0;
  for (const auto& group : specification.groups)
    for (auto& values : combinations(group)) {
      if (search) values[searched] = fmt::format("{}", search->first);
      auto point = resolve(configure(values));
      if (!points.empty() && family_of(points) != family_of(point.configuration))
        throw ConfigurationError(
            fmt::format("task = {} and task = {} have results of different columns: make a sweep for each",
                        points[0].configuration.task, point.configuration.task));
      if (seen.insert(describe(point.key)).second) points.push_back(std::move(point));
    }
  return points;
}

std::string describe(const Key& key) {
  std::string text;
  for (std::size_t i = 0; i < key.size(); ++i)
    if (!key[i].empty()) text += fmt::format("{}{}={}", text.empty() ? "" : " ", parameters()[i].name, key[i]);
  return text;
}

std::string label(const Point& point) {
  const auto& c = point.configuration;
  const bool has_kernel = applies("kernel", c);
  if (of_tokens(c)) {
    const auto memory = has_kernel ? fmt::format("{} {}", c.rule, c.kernel) : c.memory;
    const auto size = traits(family_of(c)).size;
    return fmt::format("{} {} {}={} width={} seed {}", c.task, memory, size, find_parameter(size).get(c), c.width,
                       c.seed);
  }
  return fmt::format("{} S={} L={} seed {}", has_kernel ? c.kernel : c.memory, c.S, c.L, c.seed);
}

std::string short_name(const Key& key) {
  constexpr std::array always = {"S", "L", "pairs", "memory", "kernel", "seed"};
  std::string name;
  for (std::size_t i = 0; i < key.size(); ++i) {
    const auto& parameter = parameters()[i];
    const bool named = std::find(always.begin(), always.end(), parameter.name) != always.end();
    if (key[i].empty() || (!named && key[i] == parameter.get({}))) continue;
    name += fmt::format("{}{}={}", name.empty() ? "" : ",", parameter.name, key[i]);
  }
  return name;
}

std::string file_name(const Key& key) {
  constexpr std::string_view refused = "/\\:*?\"<>|";
  constexpr std::size_t longest = 200;
  auto name = short_name(key);
  for (char& c : name)
    if (is_control(c) || refused.find(c) != refused.npos) c = '_';
  if (name.size() > longest) {
    std::vector<std::string> all;
    for (std::size_t i = 0; i < key.size(); ++i)
      if (!key[i].empty()) all.push_back(fmt::format("{}={}", parameters()[i].name, key[i]));
    std::sort(all.begin(), all.end());
    const auto hash = fmt::format(",hash={:016x}", fnv1a(fmt::format("{}", fmt::join(all, ","))));
    const auto room = longest - hash.size();
    name = name.substr(0, std::min(name.rfind(',', room), room)) + hash;
  }
  if (name.back() == '.' || name.back() == ' ') name.back() = '_';
  return name;
}

}  // namespace palimpsest::sweep
