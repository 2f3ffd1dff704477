// What a trace does, from what was asked for.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "palimpsest/core/precision.hpp"
#include "palimpsest/memory/rule_gates.hpp"
#include "palimpsest/pair/token_tables.hpp"
#include "palimpsest/trace/trace.hpp"
#include "palimpsest/train/configuration.hpp"

namespace palimpsest::trace {

/// A request with everything decided.
struct Setup {
  Configuration configuration;
  std::filesystem::path model;  ///< empty: random keys
  std::string source;           ///< normal, unit or trained
  Index keys, values;           ///< N, d_v
  bool distinct;                ///< a new value each write
  Index writes;
  std::vector<Index> rows;        ///< t's to record, in order
  Precisions::Variant precision;  ///< of the state to record
  std::uint64_t seed;
  TokenTables<float> tables;
  std::span<const Gate> gates;  ///< of the rule
  FixedGates fixed;             ///< those that are a number for all writes
  bool sums_values;             ///< whether an answer is a sum of values, so that each has a weight in it
};

/// Throws ConfigurationError, naming the value and what is allowed.
Setup resolve(const Request& request);

}  // namespace palimpsest::trace
