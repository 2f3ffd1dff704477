#include "palimpsest/sweep/plan/shard.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "palimpsest/core/text.hpp"

namespace palimpsest::sweep {

Shard parse_shard(std::string_view text) {
  Shard shard;
  const auto slash = std::min(text.find('/'), text.size());
  const auto read = [](std::string_view part, std::size_t& number) {
    const auto value = parse<std::size_t>(part);
    if (value) number = *value;
    return value.has_value();
  };
  const bool good = slash < text.size() && read(text.substr(0, slash), shard.index) &&
                    read(text.substr(slash + 1), shard.count) && shard.index >= 1 && shard.index <= shard.count &&
                    shard.count <= 100'000;
  if (!good) throw ConfigurationError(fmt::format("shard '{}': allowed is i/n with 1 <= i <= n <= 100000", text));
  return shard;
}

std::vector<double> costs(const std::vector<Point>& points) {
  std::vector<double> costs;
  for (const auto& point : points) costs.push_back(point.cost);
  return costs;
}

std::vector<std::size_t> dearest_first(const std::vector<double>& costs) {
  std::vector<std::size_t> order(costs.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return costs[a] > costs[b]; });
  return order;
}

std::vector<bool> deal(const std::vector<double>& costs, Shard shard) {
  std::vector<double> load(shard.count, 0);
  std::vector<bool> ours(costs.size());
  for (const auto i : dearest_first(costs)) {
    const auto least = std::min_element(load.begin(), load.end());
    *least += costs[i];
    ours[i] = static_cast<std::size_t>(least - load.begin()) + 1 == shard.index;
  }
  return ours;
}

std::vector<Point> deal(std::vector<Point> points, Shard shard) {
  const auto ours = deal(costs(points), shard);
  std::vector<Point> dealt;
  for (std::size_t i = 0; i < points.size(); ++i)
    if (ours[i]) dealt.push_back(std::move(points[i]));
  return dealt;
}

}  // namespace palimpsest::sweep
