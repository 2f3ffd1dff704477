// Traces as their rows, and what several tests ask for.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "palimpsest/core/types.hpp"
#include "palimpsest/sweep/rows/csv.hpp"
#include "palimpsest/trace/trace.hpp"

namespace palimpsest::trace {

using Row = std::map<std::string, std::string>;

inline std::vector<Row> rows_of(const std::string& csv) {
  std::istringstream in(csv);
  std::string line;
  std::getline(in, line);
  const auto header = sweep::csv_fields(line).value();
  std::vector<Row> rows;
  while (std::getline(in, line)) {
    const auto fields = sweep::csv_fields(line).value();
    EXPECT_EQ(fields.size(), header.size());
    Row row;
    for (std::size_t i = 0; i < header.size(); ++i) row[header[i]] = fields[i];
    rows.push_back(row);
  }
  return rows;
}

inline double number(const Row& row, const std::string& column) { return std::stod(row.at(column)); }

inline Request request(const std::string& normalization, Index writes) {
  Request request;
  request.kernel = "elu";
  request.rule = "delta";
  request.normalization = normalization;
  request.writes = writes;
  return request;
}

// ε = 1e-6 of the read-outs beside z·k ≥ 100 (‖φ‖² of 64 ELU features), and nine digits.
inline constexpr double kEpsilon = 3e-8;

/// Of a request that is refused.
inline std::string error_of(const Request& request) {
  try {
    trace(request);
  } catch (const ConfigurationError& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace palimpsest::trace
