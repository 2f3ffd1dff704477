// Capacities as a file and as tables for people.
#pragma once

#include <string>

#include "palimpsest/sweep/judge/capacity_estimate.hpp"

namespace palimpsest::sweep {

/// The rows as CSV with a header, numbers as they read back. No times, so that it compares byte for byte.
std::string to_csv(const CapacityEstimates& estimates);

/// The same for people: the columns that differ between curves, then the numbers; what no row has is left out.
std::string to_text(const CapacityEstimates& estimates);

/// The table in results/README.md: of each memory the capacity, its interval and bound, by feature and by float of state,
/// the loss at twice the capacity with its standard deviation, and the time of a step. A memory is called by its kernel
/// (its own name without one), and by the columns that tell curves of that kernel apart.
std::string to_markdown(const CapacityEstimates& estimates);

/// A Markdown table of what to_csv() writes beside the curve's columns.
std::string capacity_schema();

}  // namespace palimpsest::sweep
