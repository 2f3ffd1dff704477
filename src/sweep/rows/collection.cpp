#include "palimpsest/sweep/rows/collection.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "palimpsest/sweep/rows/csv.hpp"

namespace palimpsest::sweep {
namespace {

std::vector<std::string> not_empty(std::vector<std::string> rows) {
  std::erase(rows, "");
  return rows;
}

}  // namespace

void require_csv(const std::filesystem::path& values) {
  if (values.extension() != ".csv")
    throw ConfigurationError(
        fmt::format("--out '{}': results need a name that ends in '.csv', after which their other files are named",
                    values.native()));
}

std::filesystem::path with_ending(std::filesystem::path path, std::string_view ending) {
  if (path.extension() == ".csv") path.replace_extension();
  return path += ending;
}

std::filesystem::path timings_path(const std::filesystem::path& values) { return with_ending(values, ".timings.csv"); }

std::filesystem::path provenance_path(const std::filesystem::path& values) {
  return with_ending(values, ".provenance.toml");
}

Collection::Collection(const std::vector<Point>& points)
    : points_(points), values_(points.size()), timings_(points.size()) {
  for (std::size_t i = 0; i < points.size(); ++i) index_[describe(points[i].key)] = i;
}

void Collection::add_values(const RowFile& file) {
  for (const auto& row : file.rows()) {
    const auto place = [&] { return fmt::format("{}:{}", file.path().native(), row.line); };
    const auto key = file.schema().key(row.fields);
    const auto found = index_.find(describe(key));
    if (found == index_.end()) throw ConfigurationError(place() + ": " + foreign(key));
    auto& kept = values_[found->second];
    if (!kept.empty() && kept != row.text)
      throw ConfigurationError(fmt::format("{}: a second, different row of {}", place(), short_name(key)));
    kept = row.text;
  }
}

void Collection::add_timings(const RowFile& file) {
  for (const auto& row : file.rows()) {
    const auto found = index_.find(describe(file.schema().key(row.fields)));
    if (found != index_.end() && has(found->second)) timings_[found->second] = row.text;
  }
}

void Collection::set(std::size_t point, std::string values, std::string timing) {
  values_[point] = std::move(values);
  timings_[point] = std::move(timing);
}

std::vector<std::string> Collection::values() const { return not_empty(values_); }

std::vector<std::string> Collection::timings() const { return not_empty(timings_); }

std::vector<std::size_t> Collection::missing() const {
  std::vector<std::size_t> all;
  for (std::size_t i = 0; i < values_.size(); ++i)
    if (values_[i].empty()) all.push_back(i);
  return all;
}

std::size_t Collection::count(Status status) const {
  const auto index = values_schema(family_of(points_)).at("status");
  return static_cast<std::size_t>(std::count_if(values_.begin(), values_.end(), [&](const auto& row) {
    const auto fields = csv_fields(row);
    return !row.empty() && fields->at(index) == name(status);
  }));
}

std::string Collection::foreign(const Key& key) const {
  std::string nearest;
  std::size_t fewest = key.size() + 1;
  for (const auto& point : points_) {
    std::size_t differences = 0;
    std::string text;
    for (std::size_t i = 0; i < key.size(); ++i) {
      if (key[i] == point.key[i]) continue;
      ++differences;
      text += fmt::format("{}{}={}", text.empty() ? "" : " ", parameters()[i].name, point.key[i]);
    }
    if (differences < fewest) {
      fewest = differences;
      nearest = text;
    }
  }
  return fmt::format(
      "the row of {} is no point of this sweep (the nearest has {}); give another --out, or widen the axes",
      short_name(key), nearest);
}

}  // namespace palimpsest::sweep
