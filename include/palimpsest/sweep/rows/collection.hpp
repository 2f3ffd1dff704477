// The rows of a sweep's points, gathered from one or more results files and kept in the plan's order.
#pragma once

#include <filesystem>
#include <string>
#include <unordered_map>
#include <vector>

#include "palimpsest/sweep/rows/row_file.hpp"

namespace palimpsest::sweep {

/// Throws ConfigurationError if the name of results doesn't end in `.csv`: `FILE` and `FILE.csv` would share the files beside
/// them.
void require_csv(const std::filesystem::path& values);

/// `FILE.csv` gives `FILE` and the ending.
std::filesystem::path with_ending(std::filesystem::path values, std::string_view ending);

/// `FILE.csv` gives `FILE.timings.csv` and `FILE.provenance.toml`.
std::filesystem::path timings_path(const std::filesystem::path& values);
std::filesystem::path provenance_path(const std::filesystem::path& values);

class Collection {
 public:
  /// The points must outlive it.
  explicit Collection(const std::vector<Point>& points);

  /// Takes the file's rows. Throws ConfigurationError if one belongs to no point, or to a point that has another row.
  void add_values(const RowFile& file);
  /// Takes the timings of points that have a row; of two, the later. Others are of runs that didn't get to their row.
  void add_timings(const RowFile& file);

  void set(std::size_t point, std::string values, std::string timing);
  bool has(std::size_t point) const { return !values_[point].empty(); }

  /// Those that exist, in the plan's order.
  std::vector<std::string> values() const;
  std::vector<std::string> timings() const;
  std::vector<std::size_t> missing() const;
  /// How many rows have this status.
  std::size_t count(Status status) const;

 private:
  std::string foreign(const Key& key) const;

  const std::vector<Point>& points_;
  std::unordered_map<std::string, std::size_t> index_;
  std::vector<std::string> values_, timings_;
};

}  // namespace palimpsest::sweep
