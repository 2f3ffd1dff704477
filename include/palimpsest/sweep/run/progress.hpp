// One status line on a terminal, and nothing anywhere else:
//   [ 37/240] 3 running, elapsed 1:02, about 4:10 left  (elu S=300 L=300 seed 1)
// A search doesn't know yet what it will ask for: then it says `37/240+`, and the time is that left of a round.
#pragma once

#include <chrono>
#include <cstdio>
#include <string>

#include "palimpsest/sweep/plan/plan.hpp"

namespace palimpsest::sweep {

/// `0:07`, `4:10`, `1:02:33`.
std::string clock_text(double seconds);

/// Not synchronised: the caller holds a lock.
class Progress {
 public:
  /// Of `total` points `done` need no run; `cost` is that of the others together. No terminal, or null: silent.
  /// `open`: more points may follow.
  Progress(std::FILE* stream, std::size_t total, std::size_t done, double cost, bool open = false);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void started(const Point& point);
  void finished(const Point& point);
  void gave_up();
  /// A line of its own, also where there is no terminal.
  void note(const std::string& text);

  /// What the status line says `elapsed` seconds after the start. Time left is by cost of what is done and what isn't.
  std::string line(double elapsed) const;

 private:
  void show();
  void clear();

  std::FILE* stream_;
  bool terminal_, open_;
  std::size_t total_, done_, running_ = 0;
  double cost_, finished_cost_ = 0;
  std::string latest_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace palimpsest::sweep
