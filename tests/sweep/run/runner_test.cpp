#include "palimpsest/sweep/run/runner.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include "palimpsest/sweep/rows/collection.hpp"
#include "palimpsest/sweep/rows/row_file.hpp"
#include "palimpsest/sweep/run/checkpoint.hpp"
#include "sweep/error_of.hpp"
#include "sweep/scratch.hpp"

namespace palimpsest::sweep {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

class Runner : public testing::Test {
 protected:
  std::vector<Point> points(std::string_view toml = grid) const { return plan(parse_specification(toml, "test")); }

  RunnerOptions options(const std::string& name, int threads = 1) const {
    RunnerOptions options;
    options.out = scratch / name;
    options.threads = threads;
    options.messages = nullptr;
    options.run = made_up_outcome;
    return options;
  }

  /// The bytes of a run in one go, values and timings.
  std::pair<std::string, std::string> undisturbed(std::string_view toml = grid) const {
    const auto o = options("undisturbed.csv");
    run(points(toml), o);
    return contents(o.out);
  }

  static std::pair<std::string, std::string> contents(const std::filesystem::path& out) {
    return {read(out), read(timings_path(out))};
  }

  static constexpr auto grid = R"(
[axes]
S = "20:80:20"
seed = [1, 2]
[[group]]
memory = "softmax"
[[group]]
axes.kernel = ["elu", "dpfp:1", "identity"]
)";

  Scratch scratch;
};

TEST_F(Runner, WritesARowForEveryPointInThePlansOrder) {
  const auto all = points();
  const auto o = options("a.csv");
  const auto summary = run(all, o);
  EXPECT_EQ(summary.points, 4u * 8u);
  EXPECT_EQ(summary.ok + summary.diverged, 4u * 6u);
  EXPECT_EQ(summary.skipped, 4u * 2u) << "identity features have no attention normalisation";
  EXPECT_TRUE(summary.complete());
  const RowFile file(o.out, values_schema(), Access::read);
  ASSERT_EQ(file.rows().size(), all.size());
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(values_schema().key(file.rows()[i].fields), all[i].key);
}

TEST_F(Runner, GivesTheSameBytesForAnyNumberOfThreads) {
  const auto expected = undisturbed();
  for (const int threads : {1, 2, 4, 64}) {
    auto o = options(fmt::format("threads{}.csv", threads), threads);
    o.run = after_a_while(made_up_outcome);
    run(points(), o);
    EXPECT_EQ(contents(o.out), expected) << threads << " threads";
  }
}

TEST_F(Runner, GivesTheSameBytesAfterInterruptions) {
  const auto expected = undisturbed();
  std::mt19937 random(1);
  for (int round = 0; round < 20; ++round) {
    const auto o = options(fmt::format("round{}.csv", round), 1 + round % 3);
    const int interruptions = run_with_interruptions(
        o, made_up_outcome, 12, random, [&](const RunnerOptions& options) { return run(points(), options); });
    EXPECT_GT(interruptions, 1);
    EXPECT_EQ(contents(o.out), expected);
  }
}

TEST_F(Runner, RunsOnlyWhatIsMissing) {
  auto o = options("a.csv");
  run(points("[axes]\nS = [20, 40]"), o);
  std::vector<Index> sizes;
  o.run = [&](const Configuration& c, const RunOptions& run_options) {
    sizes.push_back(c.S);
    return made_up_outcome(c, run_options);
  };
  const auto summary = run(points("[axes]\nS = [20, 30, 40]"), o);
  EXPECT_THAT(sizes, ElementsAre(30));
  EXPECT_EQ(summary.found, 2u);
  EXPECT_EQ(summary.finished(), 3u);
}

TEST_F(Runner, AWidenedSweepContinuesToTheBytesOfTheWholeOne) {
  constexpr auto wide = "[axes]\nS = \"20:100:20\"\nseed = [1, 2, 3]";
  const auto o = options("a.csv");
  run(points("[axes]\nS = [60, 20]"), o);
  run(points("[axes]\nS = [60, 20]\nseed = [1, 3]"), o);
  run(points(wide), o);
  EXPECT_EQ(contents(o.out), undisturbed(wide));
}

TEST_F(Runner, RepairsALastLineCutOffAnywhere) {
  constexpr auto three = "[axes]\nS = [20, 30, 40]";
  const auto expected = undisturbed(three);
  const auto o = options("torn.csv");
  const auto& whole = expected.first;
  const auto last_row = whole.rfind('\n', whole.size() - 2) + 1;
  for (std::size_t size = 0; size < whole.size();
       size += size < last_row ? std::min<std::size_t>(41, last_row - size) : 1) {
    write(o.out, whole.substr(0, size));
    write(timings_path(o.out), expected.second.substr(0, std::min(size, expected.second.size())));
    run(points(three), o);
    ASSERT_EQ(read(o.out), whole) << "cut at byte " << size;  // a kept row's timing may be lost, its values never
  }
}

TEST_F(Runner, StartsTheDearestPointsFirst) {
  std::vector<Index> sizes;
  auto o = options("a.csv");
  o.run = [&](const Configuration& c, const RunOptions& run_options) {
    sizes.push_back(c.S);
    return made_up_outcome(c, run_options);
  };
  run(points("[axes]\nS = [40, 400, 200, 20]"), o);
  EXPECT_THAT(sizes, ElementsAre(400, 200, 40, 20));
}

TEST_F(Runner, RunsNoMorePointsAtATimeThanThreads) {
  std::atomic<int> running = 0, most = 0;
  auto o = options("a.csv", 3);
  o.run = [&](const Configuration& c, const RunOptions& run_options) {
    const int now = ++running;
    for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) continue;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    --running;
    return made_up_outcome(c, run_options);
  };
  run(points(), o);
  EXPECT_EQ(most, 3);
}

TEST_F(Runner, APointThatFailsIsNamedAndTheOthersAreRun) {
  const auto all = points("[axes]\nS = [20, 30, 40, 50, 60]");
  for (const int threads : {1, 3}) {
    auto o = options(fmt::format("threads{}.csv", threads), threads);
    o.run = [&](const Configuration& c, const RunOptions& run_options) {
      if (c.S == 60) throw std::bad_alloc();
      if (c.S == 50) throw std::length_error("vector");
      if (c.S == 30) throw OutputError("cannot write 'models/30'");
      return made_up_outcome(c, run_options);
    };
    const auto summary = run(all, o);
    const std::string one = ",L=20,memory=fast_weight,kernel=elu,seed=1: ";
    EXPECT_THAT(summary.failed,
                ElementsAre("S=30" + one + "cannot write 'models/30'", "S=50" + one + "does not fit in memory",
                            "S=60" + one + "does not fit in memory"));
    EXPECT_EQ(summary.finished(), 2u);
    EXPECT_FALSE(summary.complete());
    EXPECT_EQ(RowFile(o.out, values_schema(), Access::read).rows().size(), 2u);
  }
}

TEST_F(Runner, WhatFailedIsRunLastAndThenGivesTheSameBytes) {
  constexpr auto sizes_of = "[axes]\nS = [20, 30, 40, 50, 60]";
  const auto all = points(sizes_of);
  auto o = options("a.csv");
  std::vector<Index> sizes;
  bool full = true;
  o.run = [&](const Configuration& c, const RunOptions& run_options) {
    sizes.push_back(c.S);
    if (full && (c.S == 60 || c.S == 30)) throw std::runtime_error("no space");
    return made_up_outcome(c, run_options);
  };
  run(points("[axes]\nS = [30, 60]"), o);
  full = false;
  sizes.clear();
  EXPECT_TRUE(run(all, o).complete());
  EXPECT_THAT(sizes, ElementsAre(50, 40, 20, 60, 30));
  EXPECT_EQ(contents(o.out), undisturbed(sizes_of));
  EXPECT_FALSE(std::filesystem::exists(checkpoints_path(o.out)));
}

TEST_F(Runner, WhatWasInFlightAtAKillIsRunLastAndAlone) {
  const auto all = points();
  auto o = options("a.csv", 4);
  const CheckpointDirectory notes(checkpoints_path(o.out));
  const std::set<std::size_t> killed = {3, 4, 9, 17};
  std::set<std::string> last;
  for (const auto i : killed) {
    notes.start(all[i].key);
    last.insert(short_name(all[i].key));
  }
  notes.start(all[9].key);  // once more than the others: it goes after them
  std::mutex mutex;
  std::vector<std::string> order;
  int running = 0;
  o.run = [&](const Configuration& c, const RunOptions& run_options) {
    const auto name = short_name(resolve(c).key);
    {
      const std::lock_guard lock(mutex);
      order.push_back(name);
      ++running;
      EXPECT_TRUE(running == 1 || !last.contains(name)) << name << " is not alone";
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    const std::lock_guard lock(mutex);
    --running;
    return made_up_outcome(c, run_options);
  };
  EXPECT_TRUE(run(all, o).complete());
  ASSERT_EQ(order.size(), 24u) << "all but those that are skipped";
  EXPECT_EQ(std::set(order.end() - 4, order.end()), last);
  EXPECT_EQ(order.back(), short_name(all[9].key));
  EXPECT_EQ(contents(o.out), undisturbed());
  EXPECT_FALSE(std::filesystem::exists(checkpoints_path(o.out)));
}

TEST_F(Runner, APointThatIsAskedToEndIsNoSuspect) {
  std::atomic<bool> cancel = false;
  auto o = options("a.csv", 2);
  o.cancel = &cancel;
  o.run = [&](const Configuration&, const RunOptions&) -> Outcome {
    cancel = true;
    throw Cancelled();
  };
  const auto all = points();
  const CheckpointDirectory notes(checkpoints_path(o.out));
  run(all, o);
  EXPECT_FALSE(std::filesystem::exists(checkpoints_path(o.out)));
  const auto dearest = std::ranges::max_element(all, {}, &Point::cost);
  for (int i = 0; i < 3; ++i) notes.start(dearest->key);
  for (const auto& point : all)
    if (&point != &*dearest) notes.start(point.key);
  cancel = false;
  run(all, o);
  EXPECT_EQ(notes.attempts(dearest->key), 3u) << "what it was suspected of before, it still is";
}

TEST_F(Runner, RowsThatCannotBeKeptEndTheSweep) {
  auto o = options("a.csv", 2);
  const auto all = points("[axes]\nS = [20, 30, 40, 50, 60]");
  std::atomic<int> runs = 0;
  o.run = [&](const Configuration& c, const RunOptions& run_options) {
    if (++runs == 2) {  // the file is there, and can no longer be written
      ::rlimit limit{};
      ::getrlimit(RLIMIT_FSIZE, &limit);
      limit.rlim_cur = 10;
      ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    return made_up_outcome(c, run_options);
  };
  const auto ignored = std::signal(SIGXFSZ, SIG_IGN);
  ::rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  EXPECT_THAT(error_of<OutputError>([&] { run(all, o); }), HasSubstr("cannot write"));
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, ignored);
  EXPECT_LT(runs, 5);
  o.run = made_up_outcome;
  EXPECT_TRUE(run(all, o).complete());
}

TEST_F(Runner, CancellingKeepsWhatFinished) {
  std::atomic<bool> cancel = false;
  auto o = options("a.csv");
  o.cancel = &cancel;
  int runs = 0;
  o.run = [&](const Configuration& c, const RunOptions& run_options) {
    if (++runs == 3) cancel = true;
    if (*run_options.cancel) throw Cancelled();
    return made_up_outcome(c, run_options);
  };
  const auto summary = run(points(), o);
  EXPECT_FALSE(summary.complete());
  EXPECT_EQ(runs, 3);
  EXPECT_EQ(RowFile(o.out, values_schema(), Access::read).rows().size(), 2u);
}

TEST_F(Runner, RefusesAFileOfAnotherSweepAndLeavesItAsItIs) {
  const auto o = options("a.csv");
  run(points("[axes]\nS = [20, 40]\nseed = [2]"), o);
  const auto before = contents(o.out);
  EXPECT_THAT(error_of([&] { run(points("[axes]\nS = [20, 40]"), o); }),
              testing::AllOf(HasSubstr("a.csv:2"), HasSubstr("seed=2"), HasSubstr("the nearest has seed=1")));
  EXPECT_EQ(contents(o.out), before);
}

TEST_F(Runner, RefusesTwoDifferentRowsOfAPoint) {
  const auto o = options("a.csv");
  run(points("[axes]\nS = [30]"), o);
  auto text = read(o.out);
  const auto row = text.substr(text.find('\n') + 1);
  write(o.out, text + row);
  run(points("[axes]\nS = [30]"), o);
  EXPECT_EQ(read(o.out), text) << "the same row twice is one";
  auto other = row;
  other.replace(other.find("tolerance"), 9, "patience!");
  write(o.out, text + other);
  EXPECT_THAT(error_of([&] { run(points("[axes]\nS = [30]"), o); }), HasSubstr("a.csv:3: a second, different row"));
}

TEST_F(Runner, GoesOnInAFileThatAnotherToolWrote) {
  const auto all = points("[axes]\nS = [20, 40, 60]");
  auto o = options("a.csv");
  run(all, o);
  const auto own = read(o.out);
  auto foreign = "\xEF\xBB\xBF" + own.substr(0, own.rfind('\n', own.size() - 2) + 1);  // but for the last row
  for (const auto& [from, to] : {std::pair("associative_retrieval,40,20,false", "associative_retrieval,40.0,2e1,False"),
                                 {",0.001,", ",1E-3,"},
                                 {"\n", "\r\n"}})
    for (auto at = foreign.find(from); at != foreign.npos; at = foreign.find(from, at + std::string_view(to).size()))
      foreign.replace(at, std::string_view(from).size(), to);
  write(o.out, foreign + std::string(values_schema().columns().size() - 1, ',') + "\r\n\r\n");
  std::vector<Index> ran;
  o.run = [&](const Configuration& c, const RunOptions& run_options) {
    ran.push_back(c.S);
    return made_up_outcome(c, run_options);
  };
  run(all, o);
  EXPECT_EQ(ran, std::vector<Index>{60}) << "no row is lost or run again";
  EXPECT_EQ(read(o.out), own);
}

TEST_F(Runner, GoesOnWithANoteWhereThereAreNoLocks) {
  auto o = options("a.csv");
  o.flock = [](int, int) {
    errno = ENOLCK;
    return -1;
  };
  o.messages = std::tmpfile();
  EXPECT_TRUE(run(points(), o).complete());
  EXPECT_EQ(contents(o.out), undisturbed());
  std::rewind(o.messages);
  std::string messages(1000, '\0');
  messages.resize(std::fread(messages.data(), 1, messages.size(), o.messages));
  std::fclose(o.messages);
  EXPECT_THAT(messages, AllOf(StartsWith("note: no lock on '"), HasSubstr("let no other process write it\n")));
}

TEST_F(Runner, SavesEachPointInADirectoryOfItsOwn) {
  auto o = options("a.csv", 2);
  o.save_model = scratch / "models";
  o.save_episodes = scratch / "episodes";
  std::mutex mutex;
  std::set<std::filesystem::path> directories;
  o.run = [&](const Configuration& c, const RunOptions& run_options) {
    const std::lock_guard lock(mutex);
    EXPECT_EQ(run_options.save_model.parent_path(), o.save_model);
    EXPECT_EQ(run_options.save_episodes.parent_path(), o.save_episodes);
    EXPECT_TRUE(directories.insert(run_options.save_model).second);
    EXPECT_TRUE(directories.insert(run_options.save_episodes).second);
    return made_up_outcome(c, run_options);
  };
  const auto all = points(
      "[axes]\nkernel = [\"elu\", \"favor:8\"]\nscale = [\"none\", \"d^-1/4\"]\nmodel = "
      "[\"published\", \"table\"]\nseed = [1, 2]");
  run(all, o);
  EXPECT_EQ(directories.size(), 2 * all.size());
}

}  // namespace
}  // namespace palimpsest::sweep
