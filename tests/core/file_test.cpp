// write_file goes through links and into streams; read_file takes them.
#include "palimpsest/core/file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <future>
#include <sstream>

#include "palimpsest/core/types.hpp"

namespace palimpsest {
namespace {

using testing::HasSubstr;

class File : public testing::Test {
 protected:
  File() {
    std::string name = std::filesystem::temp_directory_path() / "palimpsest-file-XXXXXX";
    if (!::mkdtemp(name.data())) throw std::runtime_error("cannot make " + name);
    directory = name;
  }
  ~File() override { std::filesystem::remove_all(directory); }

  template <class Error = OutputError, class F>
  static std::string error_of(F f) {
    try {
      f();
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  }

  std::filesystem::path directory;
};

TEST_F(File, IsReadAsItWasWritten) {
  const std::string content("a\0\r\n\xFF", 5);
  for (int times = 0; times < 2; ++times) {
    write_file(directory / "a", content);
    EXPECT_EQ(read_file(directory / "a"), content);
  }
  EXPECT_FALSE(std::filesystem::exists(directory / "a.tmp"));
}

TEST_F(File, KeepsItsMode) {
  write_file(directory / "a", "1");
  ::chmod((directory / "a").c_str(), 0640);
  write_file(directory / "a", "2");
  struct stat now {};
  ::stat((directory / "a").c_str(), &now);
  EXPECT_EQ(now.st_mode & 0777, 0640u);
}

TEST_F(File, LinksStayLinks) {
  std::filesystem::create_directory(directory / "there");
  write_file(directory / "there/real", "old");
  std::filesystem::create_symlink("there/real", directory / "link");
  std::filesystem::create_symlink("link", directory / "link of link");
  write_file(directory / "link of link", "new");
  EXPECT_TRUE(std::filesystem::is_symlink(directory / "link of link"));
  EXPECT_TRUE(std::filesystem::is_symlink(directory / "link"));
  EXPECT_EQ(read_file(directory / "there/real"), "new");
}

TEST_F(File, ADanglingLinkGetsItsFile) {
  std::filesystem::create_symlink("there", directory / "link");
  write_file(directory / "link", "new");
  EXPECT_TRUE(std::filesystem::is_symlink(directory / "link"));
  EXPECT_EQ(read_file(directory / "there"), "new");
  std::filesystem::create_symlink("no/such", directory / "nowhere");
  EXPECT_THAT(error_of([&] { write_file(directory / "nowhere", "x"); }), HasSubstr("No such file"));
  EXPECT_TRUE(std::filesystem::is_symlink(directory / "nowhere"));
}

TEST_F(File, AReaderOfAPipeGetsAll) {
  ASSERT_EQ(::mkfifo((directory / "pipe").c_str(), 0600), 0);
  const std::string content(200'000, 'x');  // more than a pipe holds
  auto reader = std::async(std::launch::async, [&] { return read_file(directory / "pipe"); });
  write_file(directory / "pipe", content);
  EXPECT_EQ(reader.get(), content);
  EXPECT_EQ(std::filesystem::status(directory / "pipe").type(), std::filesystem::file_type::fifo);
}

TEST_F(File, IsNotWrittenByTwoAtOnce) {
  const auto path = directory / "a";
  const int other = ::open((directory / "a.tmp").c_str(), O_RDWR | O_CREAT, 0600);
  ASSERT_EQ(::flock(other, LOCK_EX), 0);
  EXPECT_THAT(error_of([&] { write_file(path, "mine"); }), HasSubstr("a' is being written by another process"));
  EXPECT_FALSE(std::filesystem::exists(path));
  ::close(other);
  write_file(path, "mine");
  EXPECT_EQ(read_file(path), "mine");
}

TEST_F(File, WhatCannotBeWrittenIsNamed) {
  EXPECT_THAT(error_of([&] { write_file("/dev/full", "x"); }),
              testing::AllOf(HasSubstr("'/dev/full'"), HasSubstr("No space")));
  EXPECT_THAT(error_of([&] { write_file(directory, "x"); }), HasSubstr("Is a directory"));
  EXPECT_THAT(error_of([&] { write_file(directory / "no/such", "x"); }), HasSubstr("No such file"));
  std::filesystem::create_symlink("loop", directory / "loop");
  EXPECT_THAT(error_of([&] { write_file(directory / "loop", "x"); }), HasSubstr("Too many levels"));
  write_file("/dev/null", "x");
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
}

TEST_F(File, WhatCannotBeReadIsNamed) {
  EXPECT_THAT(error_of<ConfigurationError>([&] { read_file(directory / "no"); }), HasSubstr("no': No such file"));
  EXPECT_THAT(error_of<ConfigurationError>([&] { read_file(directory); }), HasSubstr("Is a directory"));
}

}  // namespace
}  // namespace palimpsest
