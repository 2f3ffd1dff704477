#include "palimpsest/core/text.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <limits>
#include <vector>

namespace palimpsest {
namespace {

TEST(NumberText, IsOneForAllNaNs) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(number_text(nan), "nan");
  EXPECT_EQ(number_text(-nan), "nan");
  EXPECT_EQ(number_text(-std::numeric_limits<double>::infinity()), "-inf");
  EXPECT_EQ(number_text(0.1), "0.1");
}

TEST(Utf8, KnowsWhatIsACharacter) {
  for (const auto* text : {"a", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xED\x9F\xBF", "\xF4\x8F\xBF\xBF"})
    EXPECT_EQ(utf8_length(text), std::string_view(text).size()) << text;
  // Torn, overlong, a surrogate, beyond the last code point, a byte that begins none.
  for (const auto* text :
       {"", "\xC3", "\xE2\x82", "\xC0\xAF", "\xE0\x80\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xFF", "\x80"})
    EXPECT_EQ(utf8_length(text), 0u) << text;
}

/// What a shell makes of a line's words, each ended by a 0.
std::string words_of(const std::string& line) {
  const std::string script = "bash -c " + shell_command(1, std::vector{("printf '%s\\0' " + line).c_str()}.data());
  std::string words;
  std::FILE* shell = ::popen(script.c_str(), "r");
  for (int c; (c = std::fgetc(shell)) != EOF;) words += static_cast<char>(c);
  ::pclose(shell);
  return words;
}

TEST(ShellCommand, IsTakenApartIntoItsWordsAgain) {
  const std::vector<const char*> words = {
      "sweep", "my sweep.toml", "",   "a\"b'c\\d", "$HOME",           "`ls`", "x\ny\tz", "*?[a]~",
      "--set", "L=2S",          "-1", "é",         "\xFF\x80 'q' \\", "#",    "a\x7f'"};
  const auto line = shell_command(static_cast<int>(words.size()), words.data());
  std::string expected;
  for (const auto* word : words) expected += std::string(word) + '\0';
  EXPECT_EQ(words_of(line), expected) << line;
  for (std::size_t i = 0; i < line.size();) {
    const auto length = utf8_length(std::string_view(line).substr(i));
    ASSERT_GT(length, 0u);
    ASSERT_GE(static_cast<unsigned char>(line[i]), 0x20u);
    i += length;
  }
}

TEST(ShellCommand, LeavesPlainWordsAsTheyAre) {
  const std::vector<const char*> words = {"build/release/bench/sweep", "capacity", "--axis", "kernel=elu,dpfp:1"};
  EXPECT_EQ(shell_command(4, words.data()), "build/release/bench/sweep capacity --axis kernel=elu,dpfp:1");
}

}  // namespace
}  // namespace palimpsest
