#include "palimpsest/sweep/provenance.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sweep/error_of.hpp"
#include "sweep/scratch.hpp"

namespace palimpsest::sweep {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;

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

TEST_F(Record, TellsWhenEarlierRunsWereOfAnotherRevision) {
  Provenance(specification, "first", "", 1).begin(path, true);
  EXPECT_EQ(Provenance(specification, "second", "", 1).begin(path, true), "");
  auto text = read(path);
  const std::string ours = "revision = \"" + build_info().revision;
  write(path, text.replace(text.find(ours), ours.size(), "revision = \"0ld"));
  EXPECT_EQ(Provenance(specification, "third", "", 1).begin(path, true), "0ld");
}

TEST_F(Record, RefusesAFileThatIsNone) {
  write(path, "S = 3\n");
  Provenance provenance(specification, "sweep", "", 1);
  EXPECT_THAT(error_of([&] { provenance.begin(path, true); }), HasSubstr("is no provenance file"));
  EXPECT_EQ(read(path), "S = 3\n");
}

}  // namespace
}  // namespace palimpsest::sweep
