// Two result files side by side: two commits, two compilers, or ours against published numbers.
//
// Points are matched by the parameters (and feature_dim) that both files have as columns, seed aside. Of each point's
// seeds, a and b with n_a and n_b values, the means differ if
//   |mean_a − mean_b| > k · s · √(1/n_a + 1/n_b) ,   s² pooled over both sides,
// and both aren't negligible. One seed on each side tells no spread: then any difference counts.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "palimpsest/sweep/table.hpp"

namespace palimpsest::sweep {

struct ComparisonRequest {
  std::string metric_a = "final_loss", metric_b = "final_loss";
  std::vector<std::pair<std::string, std::string>> where = {};  ///< column = value, in the files that have the column
  double errors = 3;          ///< k
  double negligible = 0.001;  ///< means not above it are equal: at this loss training stops
};

struct Comparison {
  struct Side {
    std::vector<double> values;  ///< finite ones
    std::size_t lost = 0;        ///< rows without one: diverged
    double mean() const;
    double deviation() const;  ///< s with n − 1; 0 of one value
  };
  struct Pair {
    std::vector<std::string> key;  ///< the fields of key_columns
    Side a, b;
    bool differs = false;
  };
  std::vector<std::string> key_columns;
  std::vector<Pair> pairs;  ///< in the order of the first file
  std::size_t only_a = 0, only_b = 0;  ///< points without a partner
};

/// A file without the column `memory` is taken to write the memory's name where there is no kernel or no rule. Throws
/// ConfigurationError for missing columns, if no point has a partner, or if rows that match differ in a parameter that
/// the other file lacks (`where` chooses).
Comparison compare(const Table& a, const Table& b, const ComparisonRequest& request);

/// A line a pair, `*` in front of those that differ, and a summary.
std::string to_text(const Comparison& comparison);

}  // namespace palimpsest::sweep
