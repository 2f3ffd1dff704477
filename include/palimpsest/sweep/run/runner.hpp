// Runs the points of a sweep that have no row yet, in parallel, and keeps every row as soon as it is there.
#pragma once

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "palimpsest/sweep/plan/planner.hpp"
#include "palimpsest/sweep/rows/provenance.hpp"
#include "palimpsest/train/point.hpp"

namespace palimpsest::sweep {

using RunFunction = std::function<Outcome(const Configuration&, const RunOptions&)>;

struct RunnerOptions {
  std::filesystem::path out;          ///< the values; the timings go beside it
  int threads = 0;                    ///< points run at a time, at least 1
  std::filesystem::path save_model;   ///< one directory a point is made in it; empty: nothing is saved
  std::filesystem::path save_curves;  ///< one file a point
  std::filesystem::path save_episodes;
  double checkpoint_every = 60;         ///< seconds between two checkpoints of a point in flight; 0: none is written
  std::atomic<bool>* cancel = nullptr;  ///< once set, no new point starts, those in flight end with a checkpoint
  std::FILE* messages = stderr;         ///< progress and notes; null: none
  bool searches = false;                ///< finished points may call for more
  Family family = Family::pairs;        ///< of the tasks, whose rows have columns of their own
  Provenance* provenance = nullptr;     ///< where the run is recorded; null: nowhere
  RunFunction run = run_point;
  Flock flock = ::flock;
};

struct Summary {
  std::size_t points = 0;                         ///< of an interrupted search, those that are known so far
  std::size_t ok = 0, diverged = 0, skipped = 0;  ///< rows in the file
  std::size_t found = 0;                          ///< rows that were there at the start
  std::vector<std::string> failed;  ///< points that could not be run, each with the reason; they have no row
  double seconds = 0;               ///< wall time

  std::size_t finished() const { return ok + diverged + skipped; }
  bool complete() const { return finished() == points; }
};

/// Runs what the planner asks for until it asks for nothing more: of an ordinary sweep in one round, of a search in as
/// many as its longest curve has sizes. Starts a round's dearest points first; each runs in one thread. Rows are
/// appended as points finish; once none is missing the files are put in the plan's order, and then hold the same bytes
/// whatever the threads and interruptions were.
/// A point that fails (no memory for it, a file of its own that can't be written) gets no row, since that says nothing
/// of the point, and is named in the summary. Those that failed, or were in flight when a process was killed, are run
/// by the next one after all others, one at a time, the least often tried first: one that takes the process with it
/// then costs no other its row. Throws as RowFile, Collection and require_stacks do before anything is run or written;
/// OutputError if a row can't be written. Rows are kept in every case.
Summary run(const Planner& planner, const RunnerOptions& options);

/// The same for points that are given.
Summary run(const std::vector<Point>& points, const RunnerOptions& options);

}  // namespace palimpsest::sweep
