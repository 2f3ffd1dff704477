#include "palimpsest/task/corpus.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

#include "palimpsest/core/text.hpp"

namespace palimpsest {
namespace {

/// `0\n1\n2\n…`
std::string numbered(int documents) {
  std::string text;
  for (int i = 0; i < documents; ++i) text += fmt::format("{}\n", i);
  return text;
}

std::string error_of(std::string_view text, Validation validation = Validation::documents) {
  try {
    split_corpus(text, "mine", validation);
  } catch (const ConfigurationError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Corpus, IsSplitByWholeDocuments) {
  const auto corpus = split_corpus(numbered(41), "mine", Validation::documents);
  EXPECT_EQ(corpus.test, "7\n27\n");
  EXPECT_EQ(corpus.validation, "17\n37\n");
  EXPECT_EQ(corpus.training,
            "0\n1\n2\n3\n4\n5\n6\n8\n9\n10\n11\n12\n13\n14\n15\n16\n18\n19\n20\n21\n22\n23\n24\n25\n26\n28\n29\n"
            "30\n31\n32\n33\n34\n35\n36\n38\n39\n40\n");
}

TEST(Corpus, ValidatedByTestHoldsOutNothingElse) {
  const auto apart = split_corpus(numbered(41), "mine", Validation::documents);
  const auto corpus = split_corpus(numbered(41), "mine", Validation::test);
  EXPECT_EQ(corpus.test, apart.test);
  EXPECT_EQ(corpus.validation, apart.test);
  EXPECT_EQ(corpus.training.size(), apart.training.size() + apart.validation.size());
  EXPECT_NE(corpus.training.find("\n17\n"), corpus.training.npos);
}

TEST(Corpus, EmptyLinesAreNoDocumentsAndTheLastNeedsNoEnd) {
  std::string sparse;
  for (const char c : numbered(18)) sparse += c == '\n' ? "\n\n\n" : std::string(1, c);
  sparse.resize(sparse.size() - 3);
  const auto corpus = split_corpus(sparse, "mine", Validation::documents);
  EXPECT_EQ(corpus.test, "7\n");
  EXPECT_EQ(corpus.validation, "17\n");
  EXPECT_EQ(corpus.training, split_corpus(numbered(18), "mine", Validation::documents).training);
}

TEST(Corpus, ItsHashIsOfTheTextAlone) {
  const auto text = numbered(18);
  const auto hash = split_corpus(text, "mine", Validation::documents).hash;
  EXPECT_EQ(hash, fmt::format("{:016x}", fnv1a(text)));
  EXPECT_EQ(hash, split_corpus(text, "yours", Validation::test).hash);
  EXPECT_NE(hash, split_corpus(numbered(19), "mine", Validation::documents).hash);
}

TEST(Corpus, RefusesWhatItCannotSplit) {
  EXPECT_EQ(error_of(numbered(18)), "no error");
  EXPECT_EQ(
      error_of(numbered(17)),
      "corpus 'mine': 17 documents (lines that aren't empty); of every 20, number 8 is for test and number 18 for "
      "validation, so that 18 are needed at least");
  EXPECT_EQ(error_of(numbered(8), Validation::test), "no error");
  EXPECT_EQ(error_of(numbered(7), Validation::test),
            "corpus 'mine': 7 documents (lines that aren't empty); of every 20, number 8 is for test, so that 8 are "
            "needed at "
            "least");
  EXPECT_EQ(error_of(""),
            "corpus 'mine': 0 documents (lines that aren't empty); of every 20, number 8 is for test and number "
            "18 for validation, so that 18 are needed at least");
}

TEST(Corpus, RefusesWhatIsNoUtf8AndSaysWhere) {
  const auto with = [](std::string_view bytes) { return numbered(20) + "é" + std::string(bytes) + "\n"; };
  EXPECT_EQ(error_of(with("€")), "no error");
  EXPECT_EQ(error_of(with("\xe9")), "corpus 'mine': byte 52 (0xe9), in line 21, is not UTF-8");
  EXPECT_EQ(error_of(with("\xc0\xaf")),
            "corpus 'mine': byte 52 (0xc0), in line 21, is not UTF-8");  // a long form of `/`
  EXPECT_EQ(error_of(with("\xed\xa0\x80")),
            "corpus 'mine': byte 52 (0xed), in line 21, is not UTF-8");  // half of a pair
}

TEST(Corpus, ANameIsWhatTheScriptMadeAndAPathIsItself) {
  EXPECT_EQ(corpus_file("brown"), "results/run/corpus/brown.txt");
  EXPECT_EQ(corpus_file("brown.txt"), "brown.txt");
  EXPECT_EQ(corpus_file("texts/brown"), "texts/brown");
  const auto error_of_reading = [](std::string_view corpus) -> std::string {
    try {
      read_corpus(corpus);
    } catch (const ConfigurationError& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_EQ(error_of_reading("no_such_text"),
            "corpus 'no_such_text': there is no results/run/corpus/no_such_text.txt below the current directory; "
            "scripts/corpus.sh no_such_text makes it");
  EXPECT_EQ(error_of_reading("no/such/text.txt"), "corpus 'no/such/text.txt': there is no such file");
}

TEST(Corpus, AWordEndsWhereABlankOrALineEndFollows) {
  EXPECT_EQ(count_words("In the beginning .\nGod\n"), 5);
  EXPECT_EQ(count_words(" two \n\n spaced  "), 2);
  EXPECT_EQ(count_words("unfinished"), 0);
  EXPECT_EQ(count_words(""), 0);
}

}  // namespace
}  // namespace palimpsest
