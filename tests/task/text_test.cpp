#include "palimpsest/task/text.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "palimpsest/core/file.hpp"
#include "palimpsest/core/text.hpp"
#include "task/chi_square.hpp"
#include "task/temporary_corpus.hpp"
#include "task/token_sequences.hpp"

namespace palimpsest {
namespace {

TextOptions options(const TemporaryCorpus& corpus, std::string tokens = "bytes", Index segment = 5) {
  return {.corpus = corpus.file().string(), .tokens = std::move(tokens), .segment = segment};
}

std::string decoded(const TextData& data, const std::vector<int>& tokens) {
  return std::visit([&](const auto& tokenizer) { return tokenizer.decode(tokens); }, data.tokenizer);
}

TokenSequence trained(const Text& task, const TextData& data, std::uint64_t index) {
  Stream stream(1, Purpose::training, index);
  TokenSequence sequence;
  task.deal(data, stream, sequence);
  return sequence;
}

std::string error_of(const TextOptions& options) {
  try {
    Text(options).data();
  } catch (const ConfigurationError& error) {
    return error.what();
  }
  return "no error";
}

/// Documents `aaa\n`, `bbb\n`, …, so that a byte says which document it is of.
std::string lettered() {
  std::string text;
  for (char c = 'a'; c < 'a' + 20; ++c) text += std::string(3, c) + '\n';
  return text;
}

TEST(Text, AsksAtEveryTokenForTheNext) {
  const TemporaryCorpus corpus(lettered());
  const Text task(options(corpus, "bytes", 3));
  const auto data = task.data();
  EXPECT_EQ(data->test.text, "hhh\n");
  TokenSequence sequence;
  task.deal(data->test, 0, sequence);
  EXPECT_EQ(sequence.tokens, (std::vector<int>{'h', 'h', 'h'}));
  EXPECT_EQ(sequence.positions, (std::vector{0, 1, 2}));
  EXPECT_EQ(sequence.targets, (std::vector<int>{'h', 'h', '\n'}));
  EXPECT_TRUE(sequence.partners.empty());
}

TEST(Text, EveryTargetFollowsItsToken) {
  const TemporaryCorpus corpus(small_text(60));
  for (const auto* tokens : {"bytes", "subwords:333"}) {
    const Text task(options(corpus, tokens, 7));
    const auto data = task.data();
    for (std::uint64_t i = 0; i < 50; ++i) {
      const auto sequence = trained(task, *data, i);
      ASSERT_EQ(sequence.tokens.size(), 7u);
      EXPECT_TRUE(std::equal(sequence.tokens.begin() + 1, sequence.tokens.end(), sequence.targets.begin()));
      auto all = sequence.tokens;
      all.push_back(sequence.targets.back());
      EXPECT_NE(data->training.text.find(decoded(*data, all)), std::string::npos);
    }
  }
}

TEST(Text, TrainingSegmentsBeginEverywhereAlike) {
  const TemporaryCorpus corpus(lettered());
  const Text task(options(corpus, "bytes", 3));
  const auto data = task.data();
  std::vector<int> counts(data->training.tokens.size() - 3);
  for (std::uint64_t i = 0; i < 20000; ++i) {
    const auto sequence = trained(task, *data, i);
    const auto at = std::search(data->training.tokens.begin(), data->training.tokens.end(), sequence.tokens.begin(),
                                sequence.tokens.end());
    ++counts[static_cast<std::size_t>(at - data->training.tokens.begin())];
  }
  EXPECT_LT(chi_square_deviate(counts), most_deviate);
}

TEST(Text, TrainingNeverTouchesADocumentThatIsHeldOut) {
  const TemporaryCorpus corpus(lettered());  // `h` is test's, `r` validation's
  const Text apart(options(corpus, "bytes", 2));
  auto of_test = options(corpus, "bytes", 2);
  of_test.validation = "test";
  const Text together(of_test);
  std::set<int> seen_apart, seen_together;
  const auto apart_data = apart.data();
  const auto together_data = together.data();
  for (std::uint64_t i = 0; i < 4000; ++i) {
    for (const int token : trained(apart, *apart_data, i).targets) seen_apart.insert(token);
    for (const int token : trained(together, *together_data, i).targets) seen_together.insert(token);
  }
  EXPECT_EQ(seen_apart.size(), 18u + 1);
  EXPECT_FALSE(seen_apart.contains('h') || seen_apart.contains('r'));
  EXPECT_EQ(seen_together.size(), 19u + 1);
  EXPECT_FALSE(seen_together.contains('h'));
}

TEST(Text, AnEvaluationAsksEveryTokenOfItsSplitButTheFirstOnce) {
  const TemporaryCorpus corpus(small_text(60));
  for (const auto* tokens : {"bytes", "subwords:333"})
    for (const Index segment : {1, 5, 31}) {
      const Text task(options(corpus, tokens, segment));
      const auto data = task.data();
      for (const auto* split : {&data->validation, &data->test}) {
        std::vector<int> asked{split->tokens[0]};
        for (Index i = 0; i < task.segments(*split); ++i) {
          TokenSequence sequence;
          task.deal(*split, i, sequence);
          ASSERT_FALSE(sequence.tokens.empty());
          EXPECT_LE(std::ssize(sequence.tokens), segment);
          asked.insert(asked.end(), sequence.targets.begin(), sequence.targets.end());
        }
        EXPECT_EQ(asked, split->tokens);
      }
    }
}

TEST(Text, WhatIsPredictedIsCountedInBytesAndWords) {
  const TemporaryCorpus corpus(small_text(60));
  for (const auto* tokens : {"bytes", "subwords:333"}) {
    const auto data = Text(options(corpus, tokens)).data();
    const auto& split = data->test;
    for (const Index count : {Index(1), Index(17), std::ssize(split.tokens) - 1}) {
      const auto counted = predicted(*data, split, count);
      EXPECT_EQ(counted.tokens, count);
      // The same by reading: which of the split's characters are in the tokens.
      const auto first = decoded(*data, {split.tokens[0]});
      const auto all = decoded(*data, {split.tokens.begin(), split.tokens.begin() + count + 1});
      EXPECT_EQ(counted.bytes, std::ssize(all) - std::ssize(first));
      Index words = 0;
      for (std::size_t i = first.size(); i < all.size(); ++i)
        words +=
            std::isspace(static_cast<unsigned char>(all[i])) && !std::isspace(static_cast<unsigned char>(all[i - 1]));
      EXPECT_EQ(counted.words, words);
    }
  }
}

TEST(Text, SubwordsAreLearntOnTheTrainingSplitAloneAndKeptBesideTheText) {
  const auto held_out = [](std::string word) {
    std::string text = small_text(60);
    std::size_t at = 0;
    for (int line = 0; line < 7; ++line) at = text.find('\n', at) + 1;
    return text.insert(at, word + " " + word + " " + word + " ");  // in a test document
  };
  const auto models = [](const TemporaryCorpus& corpus) {
    std::vector<std::filesystem::path> found;
    for (const auto& file : std::filesystem::directory_iterator(corpus.directory()))
      if (file.path().extension() == ".model") found.push_back(file.path());
    return found;
  };
  std::string model;
  for (const auto* word : {"zebra", "quagga"}) {
    const TemporaryCorpus corpus(held_out(word));
    const auto data = Text(options(corpus, "subwords:300")).data();
    ASSERT_NE(data->test.text.find(word), std::string::npos);
    const auto kept = models(corpus);
    ASSERT_EQ(kept.size(), 1u);
    if (model.empty()) model = read_file(kept[0]);
    EXPECT_EQ(read_file(kept[0]), model) << "whatever is held out";

    // What is kept is what is read, and not believed where it is something else.
    write_file(kept[0], "no model");
    auto others = options(corpus, "subwords:300");
    others.validation = "test";
    Text(others).data();  // another training split, so another file; and the last text that was read
    EXPECT_EQ(models(corpus).size(), 2u);
    EXPECT_EQ(error_of(options(corpus, "subwords:300")),
              fmt::format("'{}' holds no subwords:300; without it, they are learnt anew", kept[0].string()));
  }
}

TEST(Text, IsReadAgainIfTheFileIsAnother) {
  const TemporaryCorpus corpus(small_text(60));
  const Text task(options(corpus));
  const auto before = task.data();
  EXPECT_EQ(task.data(), before);
  write_file(corpus.file(), small_text(61));
  std::filesystem::last_write_time(corpus.file(),
                                   std::filesystem::file_time_type::clock::now() + std::chrono::hours(1));
  EXPECT_NE(task.data()->hash, before->hash);
  EXPECT_EQ(before->hash, fmt::format("{:016x}", fnv1a(small_text(60)))) << "who has the old one keeps it";
}

TEST(Text, RefusesWhatIsOutOfRange) {
  const TemporaryCorpus corpus(lettered());
  EXPECT_EQ(error_of(options(corpus, "bytes", 3)), "no error");
  EXPECT_EQ(error_of(options(corpus, "bytes", 4)),
            fmt::format("corpus '{}': 4 tokens for validation; with segment = 4 it must be from 5 to 2147483647",
                        corpus.file().string()));
  EXPECT_EQ(error_of(options(corpus, "bytes", 0)), "segment = 0: at least 1 is needed");
  EXPECT_EQ(error_of(options(corpus, "words", 3)), "unknown tokens 'words'; known: bytes, subwords:N");
  auto other = options(corpus);
  other.validation = "training";
  EXPECT_EQ(error_of(other), "unknown validation 'training'; known: documents, test");
}

}  // namespace
}  // namespace palimpsest
