// How much a memory holds, as a number, from the rows of any sweep:
//   capacity of a seed   the largest S of its rows that fulfils the criterion, 0 if none does
//   capacity of a curve  the mean over its n seeds, with a 95 % interval
// What a seed really holds is between its capacity c and the next size f, which failed. The interval therefore goes
//   from  mean(c) − t·√((s_c² + r)/n)  to  mean(f) + t·√((s_f² + r)/n) ,  r = mean((f − c)²)/12 ,
// t the 97.5 % point of Student's t with n − 1 degrees of freedom, and r the variance of a size that is anywhere
// between c and f: without it, three seeds of the same c and f would have an interval that misses in one of eight cases
// where the mean is next to one of the sizes. tests/sweep/judge/capacity_interval_test.cpp measures how often it holds the
// mean. A curve is all parameters but S and seed. Rows need not be equally spaced, nor the same for all seeds. Those that a
// search ran beyond the capacity it found (sweep/plan/search.hpp) count for `loss_at_twice` alone.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "palimpsest/sweep/judge/capacity_rows.hpp"
#include "palimpsest/sweep/judge/criterion.hpp"
#include "palimpsest/sweep/rows/table.hpp"

namespace palimpsest::sweep {

/// One curve, one criterion. Means are over seeds.
struct CapacityEstimate {
  std::vector<std::string> curve;  ///< the fields of curve_columns()
  Criterion criterion;
  Index seeds = 0;
  Index by_margin = 0;  ///< of them, those whose capacity fulfils the criterion by a margin alone: meets() it doesn't
  double capacity = 0;
  std::optional<double> low, high;  ///< of the interval, clipped to `limit`; see capacity_interval()
  std::optional<double> failing;  ///< mean of the least S above a seed's capacity that failed; empty if a seed has none
  bool bimodal = false;           ///< see is_bimodal()
  std::string censored;           ///< `above`: a seed never failed; `below`: one never passed; `both`; else empty
  std::optional<Index> limit;     ///< largest S whose loss bound fulfils the criterion; empty where nothing limits
  std::optional<double> per_feature;  ///< capacity/p, p the dimension that mapped keys span
  double state_floats = 0;            ///< floats kept between the last write and the first query, at the capacity
  double associations_per_float = 0;
  std::optional<double>
      bits;  ///< stored, at least; see theory/stored_bits.hpp. Empty of answers that it isn't known for
  std::optional<double> bits_per_float;
  std::optional<double> loss_at_twice;  ///< final_loss at twice the seed's capacity, of the seeds that have a row there
  std::optional<double> loss_at_twice_deviation;  ///< standard deviation over them; empty of one
  /// Where the best value of a parameter counts, the capacities of the worst and of the best of its values.
  std::optional<double> least_of_all, most_of_all;
  /// Of frozen random keys and values in one layer of one head, what the sum rule holds untrained; see theory/random_recall.hpp.
  std::optional<Index> random_keys;
  std::optional<double>
      step_seconds;  ///< processor time of a step at the capacity, evaluations included; no part of the CSV
};

struct CapacityEstimates {
  std::vector<std::string> curve_columns;  ///< what tells curves apart: parameters but S and seed, feature_dim
  std::vector<CapacityEstimate> rows;      ///< curve after curve as the file begins them, each with all criteria
};

/// What the program `capacity` goes by: final_loss <= 0.001, accuracy >= 0.99, accuracy >= 0.5.
std::vector<Criterion> default_criteria();

/// Rows that were not trained (skipped) count for nothing; diverged ones fail. L is written as a multiple of S where it
/// is one along the curve. Throws ConfigurationError for missing columns, malformed fields, or two different rows of a
/// point.
CapacityEstimates estimate_capacity(const Table& results, const std::vector<Criterion>& criteria,
                                    const Beside& beside = {});

/// What is known of a seed: that it holds `capacity` and not `failing`, of which there is none if it never failed.
struct Bracket {
  double capacity = 0;
  std::optional<double> failing = {};
};

/// Ends of the 95 % interval of the mean over seeds; not below 0. The upper end is empty (open) if a seed never failed,
/// both are for one seed, and if no seed ever failed: how they spread isn't known then.
std::pair<std::optional<double>, std::optional<double>> capacity_interval(const std::vector<Bracket>& seeds);

/// Whether three seeds or more fall into two groups: each of one holds at least twice what any of the other fails at,
/// and the gap between is twice as wide as either group, or wider. Of three seeds of a normal distribution whose
/// deviation is a quarter of its mean, fewer than one in twenty do.
bool is_bimodal(std::vector<Bracket> seeds);

}  // namespace palimpsest::sweep
