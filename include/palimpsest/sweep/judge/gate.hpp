// Gates: numbers of a results file that must hold, declared in TOML.
//
//   [[gate]]
//   name = "dpfp keeps its rank"
//   tier = "quick"                         # one of gate_tiers
//   select = { kernel = "dpfp:3", S = 32 } # column values; every row that has them all must pass
//   rows = 3                               # at least so many; the default is 1
//   best = true                            # one of them must hold, such as the best of some seeds; else all must
//   metric = "final_loss"                  # a column
//   max = 0.001                            # or min, or both
//   reason = "rank 48 holds 32 keys"
#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "palimpsest/sweep/rows/table.hpp"

namespace palimpsest::sweep {

/// By what they are checked on: the sweeps gates_quick and capacity, and the capacities of mqar_quick.
inline constexpr std::array<std::string_view, 4> gate_tiers{"quick", "full", "mqar_quick", "state_tracking"};

struct Gate {
  std::string name, tier, metric, reason;
  std::vector<std::pair<std::string, std::string>> select;  ///< column, value as the results write it
  std::optional<double> min, max;
  std::size_t rows = 1;
  bool best = false;  ///< whether one row within the bounds is enough
  std::string place;  ///< `file:line`
};

struct GateResult {
  Gate gate;
  std::size_t rows = 0;          ///< that the selector matches
  std::optional<double> worst;   ///< of their metrics, the one with the least margin
  std::optional<double> margin;  ///< to the nearest bound; negative if it is missed
  std::string problem;           ///< why it is red; empty if it is green
};

/// Throws ConfigurationError with `source:line` for malformed TOML, an unknown key, a missing or malformed value, or a
/// name that comes twice in a tier.
std::vector<Gate> parse_gates(std::string_view toml, const std::string& source);
std::vector<Gate> load_gates(const std::filesystem::path& path);

/// The gates of a tier, checked. Throws ConfigurationError if none is of this tier, or a gate names a column that the
/// results lack.
std::vector<GateResult> check(const std::vector<Gate>& gates, std::string_view tier, const Table& results);

/// One line a gate: name, measured, bound, margin, rows, and the reason below those that are red.
std::string to_text(const std::vector<GateResult>& results);

/// JUnit's XML: a testsuite, a testcase a gate.
std::string to_junit(const std::vector<GateResult>& results);

}  // namespace palimpsest::sweep
