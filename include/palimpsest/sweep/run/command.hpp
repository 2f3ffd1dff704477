// What the main `sweep` does, once its command line is taken apart.
#pragma once

#include <atomic>
#include <filesystem>
#include <string>
#include <vector>

#include "palimpsest/sweep/plan/shard.hpp"
#include "palimpsest/sweep/plan/specification.hpp"
#include "palimpsest/sweep/run/runner.hpp"

namespace palimpsest::sweep {

struct Request {
  std::string sweep;           ///< a declared name or a path; empty: `from` says it
  std::filesystem::path from;  ///< a provenance file
  Reading reading;
  std::vector<std::string> axes, sets;  ///< NAME=…
  long seeds = 0;                       ///< seeds 1..n; 0: the sweep's own
  int threads = 0;                      ///< points at a time; 0: default_threads()
  std::filesystem::path out;            ///< empty: results/run/NAME.csv; NAME.quick, NAME.i-of-n
  std::string shard;                    ///< i/n; empty: the whole sweep
  std::filesystem::path save_model, save_curves, save_episodes;
  std::vector<std::string> expected;  ///< results that say how many steps points take, for dry_run()
  double checkpoint_every = RunnerOptions{}.checkpoint_every;  ///< seconds; 0: never
  std::filesystem::path declared_sweeps;                       ///< where names are looked up
  std::string command_line;                                    ///< for the record
  std::atomic<bool>* cancel = nullptr;
};

struct Result {
  Summary summary;
  std::filesystem::path out;
  /// `240 points: 238 ok, 2 diverged, 0 skipped; 7:32; FILE.csv`
  std::string line() const;
};

/// The sweep that is asked for, narrowed.
Specification specify(const Request& request);

/// Groups with their numbers of points (if a sweep is named), and every component that can be named in one.
std::string list(const Request& request);

/// So many sequences that the first point is trained on, each with a blank line after it, as to_text() has them. Throws
/// ConfigurationError for a task of pairs.
std::string show_episodes(const Request& request, long episodes);

/// Checks all of it and says what would run: points, steps at most, predicted times, the file. Measures for a second, and
/// writes nothing. Throws as run() does, and as RowFile for results that can't be read.
std::string dry_run(const Request& request);

/// Checks all of it, then runs it. Throws as plan() and run() do.
Result run(const Request& request);

}  // namespace palimpsest::sweep
