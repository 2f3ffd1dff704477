#include "palimpsest/sweep/run/runner.hpp"

#include <fmt/format.h>
#include <omp.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <mutex>
#include <new>
#include <optional>
#include <stdexcept>
#include <unordered_map>

#include "palimpsest/sweep/plan/shard.hpp"
#include "palimpsest/sweep/rows/collection.hpp"
#include "palimpsest/sweep/run/checkpoint.hpp"
#include "palimpsest/sweep/run/processors.hpp"
#include "palimpsest/sweep/run/progress.hpp"
#include "palimpsest/sweep/run/saved.hpp"

namespace palimpsest::sweep {
namespace {

class Run {
 public:
  Run(const Planner& planner, const RunnerOptions& options)
      : planner_(planner),
        options_(options),
        cancel_(options.cancel ? *options.cancel : own_cancel_),
        values_(options.out, values_schema(options.family), Access::write, options.flock),
        timings_(timings_path(options.out), timings_schema(options.family), Access::write, options.flock),
        checkpoints_(checkpoints_path(options.out)) {
    plan_round();
    found_ = collection_->values().size();
  }

  Summary operator()() {
    const auto start = std::chrono::steady_clock::now();
    require_stacks(std::max(1, options_.threads));
    prepare_saves({options_.save_model, options_.save_curves, options_.save_episodes});
    values_.start();
    timings_.start();
    if (options_.provenance) differences_ = options_.provenance->begin(provenance_path(options_.out), found_ > 0);
    for (std::size_t i = 0; i < points_.size(); ++i)
      if (collection_->has(i)) checkpoints_.remove(points_[i].key);  // killed after its row, before it could remove it
    notes();
    for (; !cancel_ && !failure_; plan_round()) {
      if (!pending_.empty())
        run_points(pending_, std::max(1, options_.threads));
      else if (!suspects_.empty())
        run_points(suspects_, 1);
      else
        break;
    }
    record_end();
    if (failure_) std::rethrow_exception(failure_);
    if (collection_->missing().empty()) {
      timings_.replace(collection_->timings());
      values_.replace(collection_->values());
    }
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    return {points_.size(),
            collection_->count(Status::ok),
            collection_->count(Status::diverged),
            collection_->count(Status::skipped),
            found_,
            failures(),
            elapsed.count()};
  }

 private:
  /// What the rows ask for now, and which of it has none and hasn't failed. Of a search's suspects only the first: its
  /// row may lead to points that go before the others.
  void plan_round() {
    points_ = planner_(values_.rows());
    if (saves()) check_file_names(points_);
    collection_.emplace(points_);
    collection_->add_values(values_);
    collection_->add_timings(timings_);
    pending_.clear();
    suspects_.clear();
    std::unordered_map<std::size_t, std::size_t> attempts;
    for (const auto i : dearest_first(costs(points_))) {
      if (collection_->has(i) || failed_.contains(describe(points_[i].key))) continue;
      if (const auto n = checkpoints_.attempts(points_[i].key)) {
        attempts[i] = n;
        suspects_.push_back(i);
      } else {
        pending_.push_back(i);
      }
    }
    std::stable_sort(suspects_.begin(), suspects_.end(), [&](auto a, auto b) { return attempts[a] < attempts[b]; });
    if (options_.searches && suspects_.size() > 1) suspects_.erase(suspects_.begin() + 1, suspects_.end());
  }

  std::vector<std::string> failures() const {
    std::vector<std::string> all;
    for (const auto& point : points_)
      if (const auto failure = failed_.find(describe(point.key)); failure != failed_.end())
        all.push_back(fmt::format("{}: {}", short_name(point.key), failure->second));
    return all;
  }

  bool saves() const {
    return !(options_.save_model.empty() && options_.save_curves.empty() && options_.save_episodes.empty());
  }

  void notes() {
    Progress progress(options_.messages, 0, 0, 0);
    if (values_.torn()) progress.note(fmt::format("note: dropped the torn last line of '{}'", values_.path().native()));
    if (!values_.locked())
      progress.note(
          fmt::format("note: no lock on '{}', which its file system doesn't have: let no other process write it",
                      values_.path().native()));
    if (found_ > 0)
      for (const auto& difference : differences_)
        progress.note(fmt::format("note: the rows in '{}' are of {}", values_.path().native(), difference));
    if (found_ > 0 && saves())
      progress.note(fmt::format("note: nothing is saved of the {} points that are already in '{}'", found_,
                                values_.path().native()));
    const auto suspects =
        std::ranges::count_if(points_, [&](const auto& point) { return checkpoints_.attempts(point.key) > 0; });
    if (suspects > 0)
      progress.note(fmt::format("note: points that failed or were killed are run last, one at a time: {}", suspects));
  }

  void run_points(const std::vector<std::size_t>& which, int threads) {
    double cost = 0;
    for (const auto i : which) cost += points_[i].cost;
    Progress progress(options_.messages, points_.size(), points_.size() - which.size(), cost, options_.searches);
    // Fewer points than threads: of a task of tokens several threads work on one.
    const int at_once = std::clamp(static_cast<int>(which.size()), 1, threads);
    threads_per_point_ = traits(options_.family).tokens ? std::max(1, threads / at_once) : 1;
    if (threads_per_point_ > 1) omp_set_max_active_levels(2);
    threads = at_once;
#pragma omp parallel for schedule(monotonic : dynamic, 1) num_threads(threads)
    for (std::size_t n = 0; n < which.size(); ++n) run_one(which[n], progress);
  }

  void record_end() {
    try {
      if (options_.provenance) options_.provenance->end(collection_->values().size());
    } catch (const OutputError&) {
      if (!failure_) failure_ = std::current_exception();  // a row that could not be written says more
    }
  }

  /// No exception may leave the parallel region.
  void run_one(std::size_t index, Progress& progress) noexcept {
    const Point& point = points_[index];
    {
      const std::lock_guard lock(mutex_);
      if (cancel_ || failure_) return;
      if (!point.skip) checkpoints_.start(point.key);
      progress.started(point);
    }
    const auto outcome = try_to_measure(point, progress);
    const std::lock_guard lock(mutex_);
    try {
      if (!outcome) return progress.gave_up();
      keep(index, *outcome);
      progress.finished(point);
    } catch (...) {
      checkpoints_.give_up(point.key);
      progress.gave_up();
      if (!failure_) failure_ = std::current_exception();
      cancel_ = true;  // what the others find could not be kept either
    }
  }

  /// Nothing if it was cancelled or failed.
  std::optional<Outcome> try_to_measure(const Point& point, Progress& progress) {
    try {
      return measure(point, progress);
    } catch (const Cancelled&) {
      const std::lock_guard lock(mutex_);
      checkpoints_.give_up(point.key);
    } catch (const std::bad_alloc&) {
      fail(point, "does not fit in memory");
    } catch (const std::length_error&) {
      fail(point, "does not fit in memory");
    } catch (const std::exception& error) {
      fail(point, error.what());
    } catch (...) {
      fail(point, "unknown error");
    }
    return std::nullopt;
  }

  Outcome measure(const Point& point, Progress& progress) {
    if (point.skip) {
      Outcome outcome;
      outcome.status = Status::skipped;
      outcome.reason = *point.skip;
      return outcome;
    }
    RunOptions run_options;
    run_options.cancel = &cancel_;
    run_options.threads = threads_per_point_;
    const auto name = file_name(point.key);
    if (!options_.save_model.empty()) run_options.save_model = options_.save_model / name;
    if (!options_.save_curves.empty()) run_options.save_curve = options_.save_curves / (name + ".csv");
    if (!options_.save_episodes.empty()) run_options.save_episodes = options_.save_episodes / name;
    run_options.checkpoints = checkpoints(point, progress);
    auto outcome = options_.run(point.configuration, run_options);
    for (const auto& directory : {run_options.save_model, run_options.save_episodes}) save_point(directory, point);
    return outcome;
  }

  Checkpoints checkpoints(const Point& point, Progress& progress) {
    auto [state, note] = checkpoints_.load(point.key);
    if (!state.empty()) note = fmt::format("note: {} goes on from its checkpoint", label(point));
    if (!note.empty()) {
      const std::lock_guard lock(mutex_);
      progress.note(note);
    }
    Checkpoints checkpoints{std::move(state), nullptr, options_.checkpoint_every};
    if (options_.checkpoint_every > 0)
      checkpoints.save = [&](const std::string& state) { save(point, state, progress); };
    return checkpoints;
  }

  /// A checkpoint saves time, no result: without it the point goes on.
  void save(const Point& point, const std::string& state, Progress& progress) {
    try {
      checkpoints_.save(point.key, state);
    } catch (const OutputError& error) {
      const std::lock_guard lock(mutex_);
      if (!save_failed_ && !failure_) progress.note(fmt::format("note: no checkpoint: {}", error.what()));
      save_failed_ = true;
    }
  }

  /// The timing first: a row of values then always has one, however the process ends.
  void keep(std::size_t index, const Outcome& outcome) {
    auto timing = timings_.schema().row(points_[index], outcome);
    auto row = values_.schema().row(points_[index], outcome);
    timings_.append(timing);
    values_.append(row);
    collection_->set(index, std::move(row), std::move(timing));
    checkpoints_.remove(points_[index].key);
  }

  void fail(const Point& point, std::string_view why) {
    const std::lock_guard lock(mutex_);
    failed_[describe(point.key)] = why;
  }

  const Planner& planner_;
  std::vector<Point> points_;
  const RunnerOptions& options_;
  std::atomic<bool> own_cancel_ = false;
  std::atomic<bool>& cancel_;
  RowFile values_, timings_;
  std::optional<Collection> collection_;
  CheckpointDirectory checkpoints_;
  bool save_failed_ = false;
  int threads_per_point_ = 1;
  std::size_t found_ = 0;
  std::vector<std::string> differences_;
  std::vector<std::size_t> pending_, suspects_;          // positions of points_, in the order in which they are run
  std::unordered_map<std::string, std::string> failed_;  // why, by describe(key)
  std::mutex mutex_;
  std::exception_ptr failure_;  // of keeping rows
};

}  // namespace

Summary run(const Planner& planner, const RunnerOptions& options) { return Run(planner, options)(); }

Summary run(const std::vector<Point>& points, const RunnerOptions& options) {
  return run(Planner([&](const std::vector<RowFile::Row>&) { return points; }), options);
}

}  // namespace palimpsest::sweep
