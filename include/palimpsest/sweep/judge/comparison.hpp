// Two result files side by side: two commits, two compilers, or ours against published numbers.
//
// Points are matched by the parameters (and feature_dim) that both files have as columns, seed aside. Of each point's
// seeds, a and b with n_a and n_b values,
//   t = (mean_a − mean_b)/(s·√(1/n_a + 1/n_b)) ,   s² pooled over both sides, n_a + n_b − 2 degrees of freedom,
// has a p-value by Student's t (Boost.Math). Of the m points that have one, those with the k least p differ, k the
// largest with p_(k) ≤ level·k/m (Benjamini, Hochberg 1995). Two equal programs have any mark with probability `level`,
// whatever the spreads are and however they differ from point to point, if seeds are about normal; of the marks that
// different programs have, a share of `level` is by chance. Spreads aren't pooled over points: they differ by orders of
// magnitude. One seed on each side tells no spread: then any difference counts. Means that are both negligible are
// equal.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "palimpsest/sweep/rows/table.hpp"

namespace palimpsest::sweep {

struct ComparisonRequest {
  std::string metric_a = "final_loss", metric_b = "final_loss";
  std::vector<std::pair<std::string, std::string>> where = {};  ///< column = value, in the files that have the column
  double level = 0.05;        ///< probability that two equal programs have any mark, in (0, 1)
  double negligible = 0.001;  ///< means not above it are equal: at this loss training stops
};

struct Comparison {
  struct Side {
    std::vector<double> values;  ///< of usable rows: status `ok` (if there is a column of it) and a finite value
    std::size_t lost = 0;        ///< other rows: diverged
    double mean() const;
    double deviation() const;  ///< s with n − 1; 0 of one value
  };
  struct Pair {
    std::vector<std::string> key;  ///< the fields of key_columns
    Side a, b;
    std::optional<double> p;  ///< p-value of equal means; empty if there is no spread to judge by, or nothing to judge
    bool differs = false;
  };
  std::vector<std::string> key_columns;
  std::vector<Pair> pairs;             ///< in the order of the first file
  std::size_t only_a = 0, only_b = 0;  ///< points without a partner
};

/// A file without the column `memory` is taken to write the memory's name where there is no kernel or no rule. Throws
/// ConfigurationError for missing columns, a level or negligible loss out of range, if no point has a partner, if a
/// file has a point and seed twice, or if rows that match differ in a parameter that the other file lacks (`where`
/// chooses).
Comparison compare(const Table& a, const Table& b, const ComparisonRequest& request);

/// Fills in p and differs of all pairs, as above: what compare() ends with.
void mark(std::vector<Comparison::Pair>& pairs, const ComparisonRequest& request);

/// What one side lacks: points without a partner, and points with fewer usable seeds than their partner. One line;
/// empty if the sides have the same.
std::string missing(const Comparison& comparison);

/// A line a pair, `*` in front of those that differ, and a summary.
std::string to_text(const Comparison& comparison);

}  // namespace palimpsest::sweep
