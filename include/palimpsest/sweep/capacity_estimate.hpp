// How much a memory holds, as a number, from the rows of any sweep:
//   capacity of a seed   the largest S of its rows that fulfils the criterion, 0 if none does
//   capacity of a curve  the mean over its seeds, with the 95 % percentile bootstrap interval over seeds
// A curve is all parameters but S and seed. Rows need not be equally spaced, nor the same for all seeds.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "palimpsest/sweep/criterion.hpp"
#include "palimpsest/sweep/table.hpp"
#include "palimpsest/train/configuration.hpp"

namespace palimpsest::sweep {

/// One curve, one criterion. Means are over seeds.
struct CapacityEstimate {
  std::vector<std::string> curve;  ///< the fields of curve_columns()
  Criterion criterion;
  Index seeds = 0;
  double capacity = 0;
  std::optional<double> low, high;  ///< of the interval; empty for one seed
  std::optional<double> failing;    ///< mean of the least S above a seed's capacity that failed; empty if a seed has none
  std::string censored;             ///< `above`: a seed never failed; `below`: one never passed; `both`; else empty
  std::optional<Index> limit;       ///< largest S whose loss bound fulfils the criterion; empty where nothing limits
  std::optional<double> per_feature;  ///< capacity/p
  double state_floats = 0;            ///< floats kept between the last write and the first query, at the capacity
  double associations_per_float = 0;
  double bits = 0;  ///< stored, at least; see theory/stored_bits.hpp
  double bits_per_float = 0;
};

struct CapacityEstimates {
  std::vector<std::string> curve_columns;  ///< what tells curves apart: parameters but S and seed, feature_dim
  std::vector<CapacityEstimate> rows;      ///< curve after curve as the file begins them, each with all criteria
};

/// What the program `capacity` goes by: final_loss <= 0.001, accuracy >= 0.99, accuracy >= 0.5.
std::vector<Criterion> default_criteria();

/// Rows that were skipped count for nothing; diverged ones fail. L is written as a multiple of S where it is one along
/// the curve. Throws ConfigurationError for missing columns, malformed fields, or two different rows of a point.
CapacityEstimates estimate_capacity(const Table& results, const std::vector<Criterion>& criteria);

/// Percentile bootstrap of the mean: {2.5 %, 97.5 %} over 10 000 resamples. The same values give the same interval.
/// At least one value.
std::pair<double, double> bootstrap_interval(const std::vector<double>& values);

/// The rows as CSV with a header, numbers as they read back.
std::string to_csv(const CapacityEstimates& estimates);

/// The same for people: the columns that differ between curves, then the numbers.
std::string to_text(const CapacityEstimates& estimates);

/// A Markdown table of what to_csv() writes beside the curve's columns.
std::string capacity_schema();

}  // namespace palimpsest::sweep
