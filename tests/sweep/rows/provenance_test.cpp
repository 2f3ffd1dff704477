#include "palimpsest/sweep/rows/provenance.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sweep/error_of.hpp"
#include "sweep/scratch.hpp"

namespace palimpsest::sweep {
namespace {

using testing::ContainsRegex;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Record : public testing::Test {
 protected:
  Specification specification = parse_specification("[axes]\nS = [20, 40]\nkernel = [\"elu\", \"dpfp:1\"]", "test");
  Scratch scratch;
  std::filesystem::path path = scratch / "a.provenance.toml";
};

TEST_F(Record, SaysWhatRanWhereAndWhen) {
  Provenance provenance(specification, "sweep \"my.toml\"", "2/3", 4);
  provenance.begin(path, false);
  EXPECT_THAT(read(path), Not(HasSubstr("end =")));
  provenance.end(7);
  const auto text = read(path);
  EXPECT_THAT(text, HasSubstr(R"(command = "sweep \"my.toml\"")"));
  EXPECT_THAT(text, HasSubstr("shard = \"2/3\"\nthreads = 4\n"));
  for (const auto* key : {"version", "revision", "compiler", "flags", "cpu"})
    EXPECT_THAT(text, ContainsRegex(std::string("\n") + key + " = \"[^\"]+\"\n"));
  EXPECT_THAT(text, ContainsRegex("start = 20[0-9-]+T[0-9:]+Z\nend = 20[0-9-]+T[0-9:]+Z\nrows = 7\n"));
}

TEST_F(Record, IsValidWhateverTheBytesOfItsTexts) {
  specification.name = "a\xFF\xC3";
  Provenance provenance(specification, "sweep \x80 \xC3\xA9", "", 1);
  provenance.begin(path, false);
  EXPECT_EQ(load_specification(path).name, "a\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_THAT(read(path), HasSubstr("command = \"sweep \\uFFFD \xC3\xA9\""));
}

TEST_F(Record, IsASweepThatCanBeRunAgain) {
  Provenance provenance(specification, "sweep", "", 1);
  provenance.begin(path, false);
  provenance.end(4);
  EXPECT_EQ(load_specification(path).groups, specification.groups);
}

TEST_F(Record, KeepsTheEarlierRunsOfContinuedResults) {
  for (const auto* command : {"first", "second", "third"}) Provenance(specification, command, "", 1).begin(path, true);
  for (const auto* command : {"first", "second", "third"})
    EXPECT_THAT(read(path), HasSubstr(fmt::format("command = \"{}\"", command)));
  Provenance(specification, "anew", "", 1).begin(path, false);
  EXPECT_THAT(read(path), Not(HasSubstr("first")));
}

TEST_F(Record, TellsWhenEarlierRunsWereOfAnotherBuildOrProcessor) {
  Provenance(specification, "first", "", 1).begin(path, true);
  EXPECT_THAT(Provenance(specification, "second", "", 1).begin(path, true), IsEmpty());
  const auto text = read(path);
  const auto build = build_info();
  const std::vector<std::pair<std::string, std::string>> ours = {{"version", build.version},
                                                                 {"revision", build.revision},
                                                                 {"compiler", build.compiler},
                                                                 {"flags", build.flags},
                                                                 {"cpu", cpu_model()}};
  for (const auto& [key, value] : ours) {
    const auto line = fmt::format("\n{} = \"{}\"", key, value);
    auto changed = text;
    write(path, changed.replace(changed.find(line), line.size(), fmt::format("\n{} = \"0ld \\\"one\\\"\"", key)));
    EXPECT_THAT(Provenance(specification, "third", "", 1).begin(path, true),
                ElementsAre(fmt::format("more than one {}: '0ld \\\"one\\\"', '{}'", key, value)));
  }
}

TEST_F(Record, AMergeMakesNoRows) {
  Provenance(specification, "first", "", 1).begin(path, true);
  auto text = read(path);
  const auto cpu = "cpu = \"" + cpu_model();
  write(path, text.replace(text.find(cpu), cpu.size(), "cpu = \"another"));
  EXPECT_THAT(Provenance(specification, "merge", "", 0).begin(path, true), IsEmpty())
      << "all rows are of one processor";
  EXPECT_THAT(Provenance(specification, "merge again", "", 0).begin(path, true), IsEmpty());
  EXPECT_THAT(Provenance(specification, "more", "", 1).begin(path, true),
              ElementsAre(fmt::format("more than one cpu: 'another', '{}'", cpu_model())));
}

TEST_F(Record, RefusesAFileThatIsNone) {
  write(path, "S = 3\n");
  Provenance provenance(specification, "sweep", "", 1);
  EXPECT_THAT(error_of([&] { provenance.begin(path, true); }), HasSubstr("is no provenance file"));
  EXPECT_EQ(read(path), "S = 3\n");
}

}  // namespace
}  // namespace palimpsest::sweep
