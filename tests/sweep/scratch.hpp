// What tests of files and runs share: a directory that goes away, whole files as text, and outcomes without training.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <thread>

#include "palimpsest/sweep/run/runner.hpp"

namespace palimpsest::sweep {

class Scratch {
 public:
  Scratch() {
    std::string name = std::filesystem::temp_directory_path() / "palimpsest-XXXXXX";
    if (!::mkdtemp(name.data())) throw std::runtime_error("cannot make " + name);
    directory_ = name;
  }
  ~Scratch() {
    std::error_code error;
    std::filesystem::remove_all(directory_, error);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  std::filesystem::path operator/(const std::filesystem::path& name) const { return directory_ / name; }

 private:
  std::filesystem::path directory_;
};

/// Of a run without messages, on one thread.
inline RunnerOptions quiet_options(std::filesystem::path out, Family family) {
  RunnerOptions options;
  options.out = std::move(out);
  options.threads = 1;
  options.messages = nullptr;
  options.family = family;
  return options;
}

inline std::string read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

inline void write(const std::filesystem::path& path, std::string_view text) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

/// Depends on the configuration, in nearly all digits, and on nothing else; every seventh seed or size diverges.
inline Outcome made_up_outcome(const Configuration& c, const RunOptions&) {
  Outcome outcome;
  const double x = std::sqrt(static_cast<double>(c.S) + 0.37 * static_cast<double>(c.seed)) +
                   static_cast<double>(c.kernel.size() + c.memory.size());
  outcome.status = (c.S + static_cast<Index>(c.seed)) % 7 == 0 ? Status::diverged : Status::ok;
  outcome.reason = outcome.status == Status::ok ? "tolerance" : "loss is NaN, \"too far\"";
  outcome.steps = 100 * c.S;
  outcome.best_step = 50 * c.S;
  outcome.train_loss = x / 3;
  outcome.best_loss = x / 7;
  if (outcome.status == Status::ok) outcome.final_loss = x / 9;
  outcome.bound = 0.1;
  outcome.seconds = x / 1000;
  return outcome;
}

/// So that threads finish in another order than they start in.
inline RunFunction after_a_while(RunFunction run) {
  return [run = std::move(run)](const Configuration& c, const RunOptions& options) {
    std::this_thread::sleep_for(std::chrono::microseconds(100 * (c.S * 7 % 11)));
    return run(c, options);
  };
}

/// Runs a sweep again and again, each time cancelled at one of the next `most` points, until it is complete; how often it
/// was interrupted. sweep(options) is one run of it.
template <class Sweep>
int run_with_interruptions(RunnerOptions options, const RunFunction& run, unsigned most, std::mt19937& random,
                           Sweep&& sweep) {
  std::atomic<bool> cancel = false;
  std::atomic<int> left = 0;
  options.cancel = &cancel;
  options.run = [&](const Configuration& c, const RunOptions& run_options) {
    if (--left <= 0) cancel = true;
    if (*run_options.cancel) throw Cancelled();
    return run(c, run_options);
  };
  for (int interruptions = 0;; ++interruptions) {
    cancel = false;
    left = 1 + static_cast<int>(random() % most);
    if (sweep(options).complete()) return interruptions;
  }
}

}  // namespace palimpsest::sweep
