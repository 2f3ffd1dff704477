#include "palimpsest/sweep/rows/merge.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "palimpsest/sweep/plan/shard.hpp"
#include "palimpsest/sweep/rows/collection.hpp"
#include "palimpsest/sweep/rows/provenance.hpp"
#include "sweep/error_of.hpp"
#include "sweep/scratch.hpp"

namespace palimpsest::sweep {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr auto grid = R"(
[axes]
S = "20:600:20"
[[group]]
memory = "softmax"
[[group]]
axes.kernel = ["elu", "dpfp:1", "dpfp:2", "identity"]
)";

double cost(const std::vector<Point>& points) {
  return std::accumulate(points.begin(), points.end(), 0.0, [](double sum, const auto& p) { return sum + p.cost; });
}

TEST(Shard, IsWrittenAsIOfN) {
  EXPECT_EQ(parse_shard("1/1"), (Shard{1, 1}));
  EXPECT_EQ(parse_shard("3/12"), (Shard{3, 12}));
  for (const auto* text : {"", "/", "1", "1/", "/2", "0/2", "3/2", "-1/2", "1/2x", "1 /2", "1/0", "1/100001", "a/b"})
    EXPECT_THAT(error_of([&] { parse_shard(text); }), HasSubstr("allowed is i/n")) << text;
}

TEST(Shard, EveryPointIsInOne) {
  const auto all = plan(parse_specification(grid, "test"));
  for (const std::size_t count : {1, 2, 3, 7, 63, 400}) {
    std::vector<Key> dealt;
    for (std::size_t index = 1; index <= count; ++index)
      for (const auto& point : deal(all, {index, count})) dealt.push_back(point.key);
    std::vector<Key> expected;
    for (const auto& point : all) expected.push_back(point.key);
    std::sort(dealt.begin(), dealt.end());
    std::sort(expected.begin(), expected.end());
    EXPECT_EQ(dealt, expected) << count << " shards";
  }
}

TEST(Shard, CostsNoMoreThanItsShareAndOnePoint) {
  const auto all = plan(parse_specification(grid, "test"));
  const auto dearest = std::max_element(all.begin(), all.end(), [](auto& a, auto& b) { return a.cost < b.cost; })->cost;
  for (const std::size_t count : {2, 3, 7})
    for (std::size_t index = 1; index <= count; ++index)
      EXPECT_LE(cost(deal(all, {index, count})), cost(all) / static_cast<double>(count) + dearest);
}

class Merge : public testing::Test {
 protected:
  /// What the shard of this sweep writes, provenance too.
  std::filesystem::path run_shard(const std::string& name, Shard shard, std::string_view toml = grid) {
    const auto specification = parse_specification(toml, "test");
    Provenance provenance(specification, "sweep test", "", 1);
    RunnerOptions options;
    options.out = scratch / name;
    options.messages = nullptr;
    options.run = made_up_outcome;
    options.provenance = &provenance;
    run(deal(plan(specification), shard), options);
    return options.out;
  }

  Scratch scratch;
  std::filesystem::path out = scratch / "out/merged.csv";
};

TEST_F(Merge, GivesTheBytesOfOneProcess) {
  const auto whole = run_shard("whole.csv", {});
  std::vector<std::filesystem::path> parts;
  for (std::size_t i : {3, 1, 2}) parts.push_back(run_shard(fmt::format("part{}.csv", i), {i, 3}));
  EXPECT_THAT(merge({parts, out, ""}).missing, testing::IsEmpty());
  EXPECT_EQ(read(out), read(whole));
  EXPECT_EQ(read(timings_path(out)), read(timings_path(whole)));
}

TEST_F(Merge, MayBeRepeated) {
  const std::vector parts{run_shard("1.csv", {1, 2}), run_shard("2.csv", {2, 2})};
  merge({parts, out, ""});
  const auto once = read(out);
  merge({parts, out, ""});
  EXPECT_EQ(read(out), once);
}

TEST_F(Merge, NamesWhatIsMissingAndWritesNothing) {
  constexpr auto small = "[axes]\nS = [20, 40, 60]";
  const auto part = run_shard("1.csv", {1, 2}, small);  // the dearest point; the other two go to the second shard
  EXPECT_THAT(merge({{part}, out, ""}).missing, ElementsAre("S=20,L=20,memory=fast_weight,kernel=elu,seed=1",
                                                            "S=40,L=20,memory=fast_weight,kernel=elu,seed=1"));
  EXPECT_FALSE(std::filesystem::exists(out));
}

TEST_F(Merge, ARowCutOffIsMissing) {
  const auto part = run_shard("1.csv", {}, "[axes]\nS = [20, 40]");
  const auto text = read(part);
  write(part, text.substr(0, text.size() - 1));
  EXPECT_EQ(merge({{part}, out, ""}).missing.size(), 1u);
}

TEST_F(Merge, RefusesFilesOfDifferentSweeps) {
  const std::vector parts{run_shard("1.csv", {1, 2}), run_shard("2.csv", {2, 2}, "[axes]\nS = [20, 40]")};
  EXPECT_THAT(error_of([&] { merge({parts, out, ""}); }), HasSubstr("not of the same sweep"));
}

TEST_F(Merge, RefusesRowsThatDiffer) {
  const auto a = run_shard("a.csv", {}, "[axes]\nS = [30, 40]"), b = run_shard("b.csv", {}, "[axes]\nS = [30, 40]");
  auto text = read(b);
  write(b, text.replace(text.find("tolerance", text.find('\n')), 9, "patience!"));
  EXPECT_THAT(error_of([&] { merge({{a, b}, out, ""}); }), HasSubstr("b.csv:2: a second, different row of S=30"));
}

TEST_F(Merge, RefusesAFileThatIsMissingOrHasNoProvenance) {
  const auto part = run_shard("1.csv", {1, 1});
  EXPECT_THAT(error_of([&] { merge({{part, scratch / "no.csv"}, out, ""}); }), HasSubstr("no.provenance.toml"));
  std::filesystem::remove(part);
  EXPECT_THAT(error_of<OutputError>([&] { merge({{part}, out, ""}); }), HasSubstr("1.csv"));
  EXPECT_THAT(error_of([&] { merge({{}, out, ""}); }), HasSubstr("no files"));
}

TEST_F(Merge, OverwritesNothingElse) {
  const auto part = run_shard("1.csv", {});
  EXPECT_THAT(error_of([&] { merge({{part}, part, ""}); }), HasSubstr("is one of the files to merge"));
  write(scratch / "other.csv", "some text\n");
  EXPECT_THAT(error_of([&] { merge({{part}, scratch / "other.csv", ""}); }), HasSubstr("holds something else"));
  EXPECT_EQ(read(scratch / "other.csv"), "some text\n");
}

TEST_F(Merge, TellsWhenShardsAreOfDifferentProcessors) {
  const std::vector parts{run_shard("1.csv", {1, 2}), run_shard("2.csv", {2, 2})};
  EXPECT_THAT(merge({parts, out, ""}).differences, testing::IsEmpty());
  auto record = read(provenance_path(parts[0]));
  const auto cpu = "cpu = \"" + cpu_model();
  write(provenance_path(parts[0]), record.replace(record.find(cpu), cpu.size(), "cpu = \"another"));
  std::filesystem::remove(provenance_path(out));
  EXPECT_THAT(merge({parts, out, ""}).differences,
              ElementsAre(fmt::format("more than one cpu: 'another', '{}'", cpu_model())));
}

TEST_F(Merge, KeepsTheRecordOfEveryShard) {
  const std::vector parts{run_shard("1.csv", {1, 2}), run_shard("2.csv", {2, 2})};
  merge({parts, out, "merge now"});
  const auto record = read(provenance_path(out));
  EXPECT_THAT(record, HasSubstr("command = \"merge now\""));
  EXPECT_THAT(record, HasSubstr("rows = 150"));
  EXPECT_EQ(load_specification(provenance_path(out)).groups, parse_specification(grid, "test").groups);
}

}  // namespace
}  // namespace palimpsest::sweep
