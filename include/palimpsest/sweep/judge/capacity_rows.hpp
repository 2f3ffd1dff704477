// The rows of a results file as curves: all parameters but S and seed tell them apart, and each seed has its sizes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "palimpsest/sweep/judge/criterion.hpp"
#include "palimpsest/sweep/plan/search.hpp"
#include "palimpsest/sweep/rows/table.hpp"
#include "palimpsest/train/configuration.hpp"

namespace palimpsest::sweep {

struct TrainedPoint {
  Configuration configuration;
  std::optional<Index> p;              ///< the dimension that mapped keys span
  Measured measured;                   ///< nothing of a diverged point
  std::optional<Index> state_floats;   ///< as its row says, of a task of tokens
  std::optional<double> step_seconds;  ///< processor time of the point by its training steps
  bool beyond = false;                 ///< it was run because a search had ended, and says nothing of what that found
  bool operator==(const TrainedPoint&) const = default;
};

struct CapacityCurve {
  std::vector<std::string> fields;
  std::string length;  ///< L, as a multiple of S if it is one
  std::map<std::uint64_t, std::map<Index, TrainedPoint>> seeds;
};

struct CapacityCurves {
  std::vector<std::string> columns;   ///< what tells curves apart: parameters but S and seed, feature_dim
  std::vector<CapacityCurve> curves;  ///< as the file begins them
};

/// What a sweep writes beside its results, and what can be told of them only with it.
struct Beside {
  std::optional<Search> search = {};  ///< from NAME.provenance.toml: which rows are beyond what it found
  std::optional<Table> timings = {};  ///< NAME.timings.csv
  std::set<std::string> following =
      {};  ///< from the first, too: parameters that follow the size, such as a batch of `1024/pairs`
};

/// What is there of it. Throws ConfigurationError, as their readers do, for files that can't be read.
Beside read_beside(const std::filesystem::path& results);

/// Without the rows that were skipped. Throws ConfigurationError for missing columns, malformed fields, or two different
/// rows of a point.
CapacityCurves read_curves(const Table& results, const Beside& beside);

}  // namespace palimpsest::sweep
