#include "palimpsest/task/tokenizer.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "laws/components.hpp"
#include "palimpsest/core/file.hpp"
#include "task/temporary_corpus.hpp"

namespace palimpsest {
namespace {

constexpr int kPieces = 400;

/// As learnt from a small text.
template <class Tokenizer>
Tokenizer learnt() {
  if constexpr (TakesArgument<Tokenizer>) {
    Tokenizer tokenizer(kPieces);
    tokenizer.learn(small_text(200));
    return tokenizer;
  } else {
    return Tokenizer();
  }
}

template <class Tokenizer>
class TokenizerLaws : public testing::Test {};
TYPED_TEST_SUITE(TokenizerLaws, laws::TestTypes<Tokenizers>, laws::ByName);

/// What pieces are known of and what not, blanks in all places, names of pieces, and letters of other scripts.
const std::vector<std::string> texts = {"the cat sees a dog .\n",
                                        "",
                                        " ",
                                        "\n",
                                        "  two  blanks \n and a line end",
                                        "tab\tand carriage\r\nreturn\n\n",
                                        "<unk> <0x41> <s> </s> are words",
                                        "Ærøskøbing, Δ-rule; 記憶 🙂\n",
                                        std::string("a zero \0 byte", 13)};

TYPED_TEST(TokenizerLaws, ATextComesBackAsItWas) {
  const auto tokenizer = learnt<TypeParam>();
  auto all = texts;
  all.push_back(small_text(31));
  for (const auto& text : all) EXPECT_EQ(tokenizer.decode(tokenizer.encode(text)), text);
}

TYPED_TEST(TokenizerLaws, BytesOfTokensAddUpToTheTexts) {
  const auto tokenizer = learnt<TypeParam>();
  for (const auto& text : texts) {
    Index bytes = 0;
    for (const int token : tokenizer.encode(text)) bytes += tokenizer.bytes(token);
    EXPECT_EQ(bytes, std::ssize(text));
  }
}

TYPED_TEST(TokenizerLaws, TokensAreOfTheVocabulary) {
  const auto tokenizer = learnt<TypeParam>();
  for (const auto& text : texts)
    for (const int token : tokenizer.encode(text)) {
      EXPECT_GE(token, 0);
      EXPECT_LT(token, tokenizer.vocabulary());
    }
}

TEST(Bytes, AByteIsItsNumber) { EXPECT_EQ(Bytes().encode("Aé\n"), (std::vector{65, 0xc3, 0xa9, 10})); }

TEST(Subwords, FrequentWordsAreOnePieceAndATextHasFewerOfThem) {
  const auto text = read_file(PALIMPSEST_SOURCE_DIR "/README.md");
  Subwords tokenizer(1000);
  tokenizer.learn(text);
  for (const std::string word : {" the", " of", " and"}) {
    EXPECT_EQ(tokenizer.encode(word).size(), 1u) << word;
    EXPECT_EQ(tokenizer.bytes(tokenizer.encode(word)[0]), std::ssize(word));
  }
  EXPECT_LT(tokenizer.encode(text).size(), text.size() / 2);
}

TEST(Subwords, WhatIsLearntIsTheSameAgain) {
  const auto text = small_text(200);
  Subwords once(kPieces), again(kPieces), loaded(kPieces);
  const auto model = once.learn(text);
  EXPECT_EQ(model, again.learn(text));
  ASSERT_TRUE(loaded.load(model));
  EXPECT_EQ(loaded.encode(text), once.encode(text));
}

TEST(Subwords, LoadsNothingElse) {
  auto tokenizer = learnt<Subwords>();
  const auto before = tokenizer.encode("the cat");
  Subwords fewer(kPieces - 1);
  EXPECT_FALSE(tokenizer.load(fewer.learn(small_text(200))));
  EXPECT_FALSE(tokenizer.load("no model"));
  EXPECT_EQ(tokenizer.encode("the cat"), before);
}

TEST(Subwords, RefusesWhatCannotBeLearntOrWouldNotComeBack) {
  const auto error_of = [](int pieces, const std::string& text) -> std::string {
    try {
      Subwords(pieces).learn(text);
    } catch (const ConfigurationError& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_EQ(error_of(257, "a\n"), "tokens = subwords:257: at least 258, of which 257 are bytes and what is no piece");
  EXPECT_EQ(error_of(kPieces, "one ▁ sign\n").substr(0, 61),
            "tokens = subwords: the corpus has the character ▁ (U+2581),");
  EXPECT_NE(error_of(100'000, small_text(20)).find("tokens = subwords:100000: can't be learnt"), std::string::npos);
}

}  // namespace
}  // namespace palimpsest
