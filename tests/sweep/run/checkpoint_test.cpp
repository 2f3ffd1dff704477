#include "palimpsest/sweep/run/checkpoint.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "palimpsest/sweep/rows/collection.hpp"
#include "palimpsest/sweep/rows/row_file.hpp"
#include "palimpsest/sweep/run/runner.hpp"
#include "sweep/error_of.hpp"
#include "sweep/scratch.hpp"

namespace palimpsest::sweep {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class Checkpoint : public testing::Test {
 protected:
  static std::vector<Point> points(std::string_view toml) { return plan(parse_specification(toml, "test")); }

  Scratch scratch;
  std::filesystem::path directory = scratch / "a.checkpoints";
  CheckpointDirectory checkpoints{directory};
  std::vector<Point> two = points("[axes]\nS = [20, 40]");
  Key key = two[0].key, other = two[1].key;
  std::string state = std::string("some\n\0state", 11);
};

TEST_F(Checkpoint, IsReadBackByItsPointAlone) {
  checkpoints.save(key, state);
  EXPECT_EQ(checkpoints.load(key).state, state);
  EXPECT_THAT(checkpoints.load(key).note, IsEmpty());
  EXPECT_THAT(checkpoints.load(other).state, IsEmpty());
  EXPECT_THAT(checkpoints.load(other).note, IsEmpty());
  checkpoints.save(key, "later");
  EXPECT_EQ(checkpoints.load(key).state, "later");
}

TEST_F(Checkpoint, AnotherPointsFileIsIgnored) {
  checkpoints.save(key, state);
  std::filesystem::copy_file(checkpoints.file(key), checkpoints.file(other));
  EXPECT_THAT(checkpoints.load(other).state, IsEmpty());
  EXPECT_THAT(checkpoints.load(other).note, HasSubstr("another point"));
}

TEST_F(Checkpoint, AnotherProgramsFileIsIgnored) {
  checkpoints.save(key, state);
  auto content = read(checkpoints.file(key));
  auto& digit = content[content.find("written by ") + 11];
  digit = digit == '0' ? '1' : '0';
  write(checkpoints.file(key), content);
  EXPECT_THAT(checkpoints.load(key).state, IsEmpty());
  EXPECT_THAT(checkpoints.load(key).note, HasSubstr("another point, program or processor"));
}

TEST_F(Checkpoint, AnyChangedByteIsFound) {
  checkpoints.save(key, state);
  const auto content = read(checkpoints.file(key));
  for (std::size_t i = 0; i < content.size(); ++i) {
    auto changed = content;
    changed[i] ^= 1;
    write(checkpoints.file(key), changed);
    EXPECT_THAT(checkpoints.load(key).state, IsEmpty()) << "byte " << i;
    EXPECT_THAT(checkpoints.load(key).note, HasSubstr("note: ignored the checkpoint")) << "byte " << i;
  }
}

TEST_F(Checkpoint, AFileCutOffAnywhereIsFound) {
  checkpoints.save(key, state);
  const auto content = read(checkpoints.file(key));
  for (std::size_t size = 0; size < content.size(); ++size) {
    write(checkpoints.file(key), content.substr(0, size));
    EXPECT_THAT(checkpoints.load(key).state, IsEmpty()) << size << " bytes";
    EXPECT_THAT(checkpoints.load(key).note, HasSubstr("note: ignored the checkpoint")) << size << " bytes";
  }
}

TEST_F(Checkpoint, ADirectoryInItsPlaceIsIgnored) {
  std::filesystem::create_directories(checkpoints.file(key));
  EXPECT_THAT(checkpoints.load(key).state, IsEmpty());
  EXPECT_THAT(checkpoints.load(key).note, HasSubstr("note: ignored the checkpoint"));
  EXPECT_THAT(error_of<OutputError>([&] { checkpoints.save(key, state); }), HasSubstr("Is a directory"));
}

TEST_F(Checkpoint, RemovingTheLastRemovesTheDirectory) {
  checkpoints.remove(key);
  checkpoints.save(key, state);
  checkpoints.save(other, state);
  write(checkpoints.file(key) += ".tmp", "torn");
  checkpoints.remove(key);
  EXPECT_TRUE(std::filesystem::exists(checkpoints.file(other)));
  EXPECT_FALSE(std::filesystem::exists(checkpoints.file(key)));
  checkpoints.remove(other);
  EXPECT_FALSE(std::filesystem::exists(directory));
}

TEST_F(Checkpoint, CountsHowOftenAPointWasStartedAndDidNotEnd) {
  EXPECT_EQ(checkpoints.attempts(key), 0u);
  for (int i = 0; i < 3; ++i) checkpoints.start(key);
  EXPECT_EQ(checkpoints.attempts(key), 3u);
  EXPECT_EQ(checkpoints.attempts(other), 0u);
  checkpoints.give_up(key);
  EXPECT_EQ(checkpoints.attempts(key), 2u);
  checkpoints.save(key, state);
  checkpoints.give_up(key);
  checkpoints.give_up(key);
  EXPECT_EQ(checkpoints.attempts(key), 0u);
  EXPECT_EQ(checkpoints.load(key).state, state);
  checkpoints.start(key);
  checkpoints.remove(key);
  EXPECT_EQ(checkpoints.attempts(key), 0u);
  EXPECT_FALSE(std::filesystem::exists(directory));
}

/// Sweeps that keep and find checkpoints.
class CheckpointedRun : public Checkpoint {
 protected:
  RunnerOptions options() const {
    RunnerOptions options;
    options.out = scratch / "a.csv";
    options.threads = 2;
    options.messages = nullptr;
    return options;
  }

  template <class Points>
  std::string undisturbed(const Points& points) const {
    auto o = options();
    o.out = scratch / "whole.csv";
    run(points, o);
    return read(o.out);
  }

  /// Trains for a moment, with evaluations every 25 steps.
  static constexpr auto grid = R"(
[baseline]
L = "S"
key_dim = 4
batch = 2
learning_rate = 0.02
max_steps = 40
evaluation_every = 7
evaluation_sequences = 2
patience = 100
[axes]
S = [6, 9]
[[group]]
memory = "softmax"
[[group]]
kernel = "elu"
axes.model = ["published", "table"]
[[group]]
kernel = "favor:4"
axes.redraw = ["fixed", "every_step", "every:7"]
)";
};

TEST_F(CheckpointedRun, InterruptedEverywhereGivesTheSameBytesAndLeavesNothing) {
  const auto all = points(grid);
  const auto whole = undisturbed(all);
  auto o = options();
  std::atomic<bool> cancel = false;
  o.cancel = &cancel;
  o.checkpoint_every = 1e-9;
  std::atomic<int> resumed = 0;
  o.run = [&](const Configuration& c, const RunOptions& run_options) {
    auto interrupted = run_options;
    resumed += !run_options.checkpoints.resume.empty();
    interrupted.checkpoints.save = [&, steps = 0](const std::string& state) mutable {
      run_options.checkpoints.save(state);
      if (++steps == 15) cancel = true;
    };
    return run_point(c, interrupted);
  };
  int interruptions = 0;
  while (!run(all, o).complete()) {
    EXPECT_TRUE(std::filesystem::exists(directory));
    cancel = false;
    ASSERT_LT(++interruptions, 100);
  }
  EXPECT_GE(interruptions, 6) << "12 points, 2 at a time, each interrupted after 15 of 40 steps";
  EXPECT_GE(resumed, 12);
  EXPECT_EQ(read(o.out), whole);
  EXPECT_FALSE(std::filesystem::exists(directory));
}

TEST_F(CheckpointedRun, WhatIsNoStateOfThePointIsIgnoredWithANote) {
  const auto all = points(grid);
  const auto whole = undisturbed(all);
  auto o = options();
  for (const auto& point : all) checkpoints.save(point.key, "a state");
  for (const auto& point : all) {
    auto content = read(checkpoints.file(point.key));
    content.back() = 'E';
    write(checkpoints.file(point.key), content);
  }
  o.messages = std::tmpfile();
  run(all, o);
  std::rewind(o.messages);
  std::string messages(10000, '\0');
  messages.resize(std::fread(messages.data(), 1, messages.size(), o.messages));
  std::fclose(o.messages);
  EXPECT_EQ(std::count(messages.begin(), messages.end(), '\n'), std::ssize(all));
  EXPECT_THAT(messages, HasSubstr("it is damaged"));
  EXPECT_EQ(read(o.out), whole);
  EXPECT_FALSE(std::filesystem::exists(directory));
}

TEST_F(CheckpointedRun, ACheckpointOfAFinishedPointIsRemoved) {
  const auto all = points(grid);
  run(all, options());
  checkpoints.save(all[3].key, state);
  run(all, options());
  EXPECT_FALSE(std::filesystem::exists(directory));
}

TEST_F(CheckpointedRun, WritesNoneIfNotAskedTo) {
  auto o = options();
  o.checkpoint_every = 0;
  o.run = [&](const Configuration& c, const RunOptions& run_options) {
    EXPECT_FALSE(run_options.checkpoints.save);
    return made_up_outcome(c, run_options);
  };
  run(two, o);
}

TEST_F(CheckpointedRun, GoesOnWithoutThemWhereTheyCannotBeWritten) {
  write(directory, "a file in the directory's place");
  auto o = options();
  o.checkpoint_every = 1e-9;
  EXPECT_TRUE(run(points(grid), o).complete());
  EXPECT_EQ(read(directory), "a file in the directory's place");
}

}  // namespace
}  // namespace palimpsest::sweep
