// A small text in a directory that lasts as long as a test.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace palimpsest {

class TemporaryCorpus {
 public:
  explicit TemporaryCorpus(std::string_view text)
      : directory_(
            std::filesystem::path(testing::TempDir()) /
            fmt::format("corpus_{}_{}", ::getpid(), testing::UnitTest::GetInstance()->current_test_info()->name())) {
    std::filesystem::create_directories(directory_);
    std::ofstream(file()) << text;
  }
  TemporaryCorpus(const TemporaryCorpus&) = delete;
  TemporaryCorpus& operator=(const TemporaryCorpus&) = delete;
  ~TemporaryCorpus() { std::filesystem::remove_all(directory_); }

  const std::filesystem::path& directory() const { return directory_; }
  std::filesystem::path file() const { return directory_ / "small.txt"; }

 private:
  std::filesystem::path directory_;
};

/// A sentence per document, with other words in each, some of them not in ASCII.
inline std::string small_text(int documents) {
  constexpr std::string_view who[] = {"the cat", "a dog", "no bird", "my naïve friend", "every tree", "Ærøskøbing"};
  constexpr std::string_view does[] = {"sees", "hears", "remembers", "forgets", "writes to", "— reads"};
  std::string text;
  for (int i = 0; i < documents; ++i)
    text += fmt::format("{} {} {} number {} , and {} {} {}  .\n", who[i % 6], does[i / 2 % 6], who[(i / 3 + 1) % 6],
                        i * i, who[(i + 2) % 6], does[i / 7 % 6], who[i / 5 % 6]);
  return text;
}

}  // namespace palimpsest
