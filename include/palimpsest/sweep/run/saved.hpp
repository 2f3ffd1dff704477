// What --save-model, --save-curves and --save-episodes keep of a point: a directory or file of its name (file_name()).
#pragma once

#include <filesystem>
#include <vector>

#include "palimpsest/sweep/plan/plan.hpp"

namespace palimpsest::sweep {

/// Makes the directories (an empty path is none). Throws OutputError if one can't be made or written to, before a point has
/// been trained for it.
void prepare_saves(const std::vector<std::filesystem::path>& directories);

/// Throws ConfigurationError if two points have one name.
void check_file_names(const std::vector<Point>& points);

/// Writes `point.toml` into the point's directory, if it has one: the point as a sweep, for `trace` and for people.
void save_point(const std::filesystem::path& directory, const Point& point);

/// The point that it says, if the directory has one. Throws ConfigurationError if it can't be read or is no single point.
std::optional<Point> saved_point(const std::filesystem::path& directory);

}  // namespace palimpsest::sweep
