#include "palimpsest/sweep/rows/row_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "sweep/error_of.hpp"
#include "sweep/scratch.hpp"

namespace palimpsest::sweep {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Column column(std::string_view name, Type type) {
  return {name, type, "", false, [](const Point&, const Outcome&) { return ""; }};
}

const Schema& schema() {
  static const Schema schema({column("name", Type::text), column("n", Type::integer)});
  return schema;
}

std::vector<std::string> texts(const RowFile& file) {
  std::vector<std::string> all;
  for (const auto& row : file.rows()) all.push_back(row.text);
  return all;
}

class Rows : public testing::Test {
 protected:
  std::string error_when(std::string_view content) {
    write(path, content);
    const auto message = error_of([&] { RowFile(path, schema(), Access::write); });
    EXPECT_EQ(read(path), content) << "a refused file stays as it is";
    return message;
  }

  Scratch scratch;
  std::filesystem::path path = scratch / "rows.csv";
};

TEST_F(Rows, AreAppendedBelowTheHeader) {
  {
    RowFile file(path, schema(), Access::write);
    EXPECT_THAT(file.rows(), IsEmpty());
    file.start();
    file.append("a,1");
    file.append("b,2");
  }
  EXPECT_EQ(read(path), "name,n\na,1\nb,2\n");
  const RowFile again(path, schema(), Access::write);
  EXPECT_THAT(texts(again), ElementsAre("a,1", "b,2"));
  EXPECT_EQ(again.rows().at(1).line, 3u);
  EXPECT_EQ(again.rows().at(1).fields, (std::vector<std::string>{"b", "2"}));
}

TEST_F(Rows, AreReadWithoutChangingTheFile) {
  write(path, "name,n\na,1\nb");
  EXPECT_TRUE(RowFile(path, schema(), Access::write).torn());
  EXPECT_TRUE(RowFile(path, schema(), Access::read).torn());
  EXPECT_EQ(read(path), "name,n\na,1\nb");
}

TEST_F(Rows, ATornLastLineIsCutOff) {
  for (const auto* torn : {"b", "b,", "b,2", "\"b", "\"b,2\n", "b\n", "b,2,3\n"}) {
    write(path, std::string("name,n\na,1\n") + torn);
    RowFile file(path, schema(), Access::write);
    EXPECT_TRUE(file.torn()) << torn;
    file.start();
    EXPECT_EQ(read(path), "name,n\na,1\n") << torn;
  }
}

TEST_F(Rows, ATornHeaderIsAnEmptyFile) {
  for (const auto* torn : {"", "n", "name,", "name,n", "\n", ",\n\n"}) {
    write(path, torn);
    RowFile file(path, schema(), Access::write);
    file.start();
    EXPECT_EQ(read(path), "name,n\n") << torn;
  }
}

TEST_F(Rows, OfAnotherToolAreReadByTheirValuesAndWrittenAnew) {
  const std::string own = "name,n\na,1\nb,20\n";
  for (const auto* content :
       {"\xEF\xBB\xBFname,n\na,1\nb,20\n", "name,n\r\na,1\r\nb,20\r\n", "name,n\n\na,1\n,\nb,20\n",
        "name,n\na,1.0\nb,2e1\n", "\"name\",\"n\"\n\"a\",\"1\"\n\"b\",\"20\"\n"}) {
    write(path, content);
    {
      RowFile file(path, schema(), Access::write);
      EXPECT_FALSE(file.torn()) << content;
      EXPECT_THAT(texts(file), ElementsAre("a,1", "b,20")) << content;
      EXPECT_EQ(read(path), content) << "until it is started";
      file.start();
      EXPECT_EQ(read(path), own) << content;
      file.append("c,3");
    }
    EXPECT_EQ(read(path), own + "c,3\n");
  }
  write(path, own + "\n");
  RowFile(path, schema(), Access::write).start();
  EXPECT_EQ(read(path), own) << "a blank last line";
}

TEST_F(Rows, AMalformedRowElsewhereIsAnErrorWithItsLine) {
  EXPECT_THAT(error_when("name,n\na\nb,2\n"), HasSubstr("rows.csv:2: 1 fields where the header has 2"));
  EXPECT_THAT(error_when("name,n\na,1\n\"b,2\nc,3\n"), HasSubstr("rows.csv:3: quotes don't match"));
  EXPECT_THAT(error_when("name,n\na,x\n"), HasSubstr("rows.csv:2: n 'x' is not of type integer"));
}

TEST_F(Rows, AnotherHeaderNamesTheFirstColumnThatDiffers) {
  EXPECT_THAT(error_when("name,m\na,1\n"), AllOf(HasSubstr("column 2 is 'm'"), HasSubstr("'n'")));
  EXPECT_THAT(error_when("name\n"), HasSubstr("column 2 is missing"));
  EXPECT_THAT(error_when("name,n,o\n"), HasSubstr("column 3 is 'o'"));
  EXPECT_THAT(error_when("some text\n"), HasSubstr("column 1 is 'some text'"));
  EXPECT_THAT(error_when("some text"), HasSubstr("column 1 is 'some text'"));
  EXPECT_THAT(error_when("\"\n"), HasSubstr("column 1"));
  EXPECT_THAT(error_when(std::string(100, '\0')), HasSubstr("column 1"));
}

TEST_F(Rows, AreReplacedAtOnce) {
  write(path, "name,n\nb,2\na,1\n");
  RowFile file(path, schema(), Access::write);
  file.replace({"a,1", "b,2"});
  EXPECT_EQ(read(path), "name,n\na,1\nb,2\n");
  file.append("c,3");
  EXPECT_EQ(read(path), "name,n\na,1\nb,2\nc,3\n");
  EXPECT_FALSE(std::filesystem::exists(scratch / "rows.csv.tmp"));
}

TEST_F(Rows, ASymbolicLinkStaysOne) {
  write(scratch / "real.csv", "name,n\n");
  std::filesystem::create_symlink("real.csv", path);
  RowFile(path, schema(), Access::write).replace({"a,1"});
  EXPECT_TRUE(std::filesystem::is_symlink(path));
  EXPECT_EQ(read(scratch / "real.csv"), "name,n\na,1\n");
}

TEST_F(Rows, ADanglingLinkStaysOne) {
  std::filesystem::create_symlink("real.csv", path);
  RowFile(path, schema(), Access::write).replace({"a,1"});
  EXPECT_TRUE(std::filesystem::is_symlink(path));
  EXPECT_EQ(read(scratch / "real.csv"), "name,n\na,1\n");
}

TEST_F(Rows, AreLockedWhileTheyMayBeWritten) {
  const auto locked = [&](Access access) { return error_of<OutputError>([&] { RowFile(path, schema(), access); }); };
  RowFile file(path, schema(), Access::write);
  EXPECT_THAT(locked(Access::write), HasSubstr("is being written by another process"));
  EXPECT_THAT(locked(Access::read), HasSubstr("is being written by another process"));
  file.replace({"a,1"});
  EXPECT_THAT(locked(Access::write), HasSubstr("is being written by another process")) << "the new file too";
}

template <int error>
int no_locks(int, int) {
  errno = error;
  return -1;
}

TEST_F(Rows, AreWrittenWhereThereAreNoLocks) {
  for (const Flock flock : {no_locks<ENOLCK>, no_locks<ENOSYS>, no_locks<EOPNOTSUPP>}) {
    RowFile file(path, schema(), Access::write, flock);
    EXPECT_FALSE(file.locked());
    file.start();
    file.replace({"a,1"});
    file.append("b,2");
    EXPECT_EQ(read(path), "name,n\na,1\nb,2\n");
    EXPECT_TRUE(RowFile(path, schema(), Access::write).locked());
  }
  EXPECT_THAT(error_of<OutputError>([&] { RowFile(path, schema(), Access::write, no_locks<EWOULDBLOCK>); }),
              HasSubstr("is being written by another process"));
  EXPECT_THAT(error_of<OutputError>([&] { RowFile(path, schema(), Access::write, no_locks<EIO>); }),
              HasSubstr("cannot lock"));
}

TEST_F(Rows, MayBeReadByMany) {
  write(path, "name,n\na,1\n");
  const RowFile one(path, schema(), Access::read), two(path, schema(), Access::read);
  EXPECT_EQ(texts(one), texts(two));
}

TEST_F(Rows, TheLockDiesWithItsHolder) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const auto child = ::fork();
  if (child == 0) {
    RowFile file(path, schema(), Access::write);
    [[maybe_unused]] const auto told = ::write(ready[1], "x", 1);
    ::pause();
    ::_exit(0);
  }
  char byte;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  error_of<OutputError>([&] { RowFile(path, schema(), Access::write); });
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_NO_THROW(RowFile(path, schema(), Access::write));
}

TEST_F(Rows, WhatIsNoRegularFileIsRefused) {
  EXPECT_THAT(error_of<OutputError>([] { RowFile("/dev/null", schema(), Access::write); }),
              HasSubstr("no regular file"));
  ASSERT_EQ(::mkfifo((scratch / "pipe").c_str(), 0600), 0);
  for (const auto access : {Access::read, Access::write})  // neither waits for the other end
    EXPECT_THAT(error_of<OutputError>([&] { RowFile(scratch / "pipe", schema(), access); }),
                HasSubstr("no regular file"));
  EXPECT_THAT(error_of<OutputError>([&] { RowFile(scratch / "", schema(), Access::write); }), HasSubstr("directory"));
  EXPECT_THAT(error_of<OutputError>([&] { RowFile(scratch / "no/such.csv", schema(), Access::write); }),
              HasSubstr("No such file"));
  EXPECT_THAT(error_of<OutputError>([&] { RowFile(path, schema(), Access::read); }), HasSubstr("cannot read"));
}

/// A limit on the size of files stands for a full disk.
class FullDisk : public Rows {
 protected:
  void limit(rlim_t bytes) {
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before_), 0);
    previous_ = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{bytes, before_.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  }
  void unlimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, previous_);
  }

 private:
  rlimit before_{};
  void (*previous_)(int) = SIG_DFL;
};

TEST_F(FullDisk, LeavesWholeRowsAndNoPart) {
  RowFile file(path, schema(), Access::write);
  file.start();
  file.append("a,1");
  limit(13);
  const auto message = error_of<OutputError>([&] { file.append("long,22222"); });
  unlimit();
  EXPECT_THAT(message, AllOf(HasSubstr("cannot write"), HasSubstr("rows.csv"), HasSubstr("File too large")));
  EXPECT_EQ(read(path), "name,n\na,1\n");
  file.append("b,2");
  EXPECT_EQ(read(path), "name,n\na,1\nb,2\n");
}

TEST_F(FullDisk, LeavesTheFileThatWasToBeReplaced) {
  write(path, "name,n\nb,2\na,1\n");
  RowFile file(path, schema(), Access::write);
  limit(13);
  const auto message = error_of<OutputError>([&] { file.replace({"a,1", "b,2"}); });
  unlimit();
  EXPECT_THAT(message, HasSubstr("File too large"));
  EXPECT_EQ(read(path), "name,n\nb,2\na,1\n");
  EXPECT_FALSE(std::filesystem::exists(scratch / "rows.csv.tmp"));
}

TEST_F(FullDisk, EndsASweepWithItsFinishedRowsKept) {
  const auto points = plan(parse_specification("[axes]\nS = \"20:200:20\"", "test"));
  RunnerOptions options;
  options.out = path;
  options.messages = nullptr;
  options.threads = 2;
  options.run = made_up_outcome;
  run(points, options);
  const auto whole = read(path);

  options.out = scratch / "limited.csv";
  limit(whole.size() / 2);
  const auto message = error_of<OutputError>([&] { run(points, options); });
  unlimit();
  EXPECT_THAT(message, HasSubstr("File too large"));
  const auto kept = read(options.out);
  EXPECT_TRUE(kept.ends_with('\n'));
  EXPECT_GE(std::count(kept.begin(), kept.end(), '\n'), 3);
  run(points, options);
  EXPECT_EQ(read(options.out), whole);
}

}  // namespace
}  // namespace palimpsest::sweep
