#include "palimpsest/sweep/run/saved.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <map>

#include "palimpsest/core/file.hpp"

namespace palimpsest::sweep {
namespace {

std::filesystem::path point_file(const std::filesystem::path& directory) { return directory / "point.toml"; }

}  // namespace

void prepare_saves(const std::vector<std::filesystem::path>& directories) {
  for (const auto& directory : directories) {
    if (directory.empty()) continue;
    make_directory(directory);
    if (::access(directory.c_str(), W_OK | X_OK) != 0)
      throw OutputError(fmt::format("cannot write into '{}': {}", directory.native(), std::strerror(errno)));
  }
}

void check_file_names(const std::vector<Point>& points) {
  std::map<std::string, const Key*> names;
  for (const auto& point : points) {
    const auto [at, is_new] = names.try_emplace(file_name(point.key), &point.key);
    if (!is_new)
      throw ConfigurationError(fmt::format("two points would be saved as '{}': {} and {}", at->first,
                                           describe(*at->second), describe(point.key)));
  }
}

void save_point(const std::filesystem::path& directory, const Point& point) {
  std::error_code error;
  if (directory.empty() || !std::filesystem::is_directory(directory, error)) return;
  Group group;
  for (const auto& parameter : parameters()) group.push_back({parameter.get(point.configuration)});
  write_file(point_file(directory), to_toml({"point", "", {group}, {}}));
}

std::optional<Point> saved_point(const std::filesystem::path& directory) {
  std::error_code error;
  const auto file = point_file(directory);
  if (!std::filesystem::exists(file, error)) return std::nullopt;
  const auto points = plan(load_specification(file));
  if (points.size() != 1)
    throw ConfigurationError(fmt::format("'{}' holds {} points; one is needed", file.native(), points.size()));
  return points.front();
}

}  // namespace palimpsest::sweep
