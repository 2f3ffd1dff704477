// How a text becomes tokens and back again: decode(encode(x)) = x of any text in UTF-8.
//
//   name, summary, argument           see core/registry.hpp
//   vocabulary()                      tokens are below it
//   encode(text), decode(tokens)
//   bytes(token)                      how many bytes of the text a token stands for
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "palimpsest/core/registry.hpp"
#include "palimpsest/core/types.hpp"

namespace sentencepiece {
class SentencePieceProcessor;
}

namespace palimpsest {

class Bytes {
 public:
  static constexpr std::string_view name = "bytes";
  static constexpr std::string_view summary = "a token per byte";

  int vocabulary() const { return 256; }
  std::vector<int> encode(std::string_view text) const {
    std::vector<int> tokens;
    tokens.reserve(text.size());
    for (const char c : text) tokens.push_back(static_cast<unsigned char>(c));
    return tokens;
  }
  std::string decode(std::span<const int> tokens) const {
    std::string text;
    for (const int token : tokens) text.push_back(static_cast<char>(token));
    return text;
  }
  Index bytes(int) const { return 1; }
};

/// Pieces of words and, for what they don't cover, bytes. No text is changed on its way to them: no normalisation, and no blank
/// added or removed.
/// Source: Kudo 2018 (arXiv 1804.10959), the unigram model, and SentencePiece (Kudo, Richardson 2018, arXiv 1808.06226).
class Subwords {
 public:
  static constexpr std::string_view name = "subwords";
  static constexpr std::string_view argument = "N";
  static constexpr std::string_view summary =
      "N pieces of words, learnt on the training split (SentencePiece, unigram)";

  /// Throws ConfigurationError for too few pieces to hold the bytes.
  explicit Subwords(int pieces);
  int argument_value() const { return pieces_; }

  int vocabulary() const { return pieces_; }

  /// From a training split, before anything is encoded; returns the model that it now uses, for load(). Throws ConfigurationError
  /// if so many pieces can't be found there, or if the text has the character ▁ (U+2581), which stands for a blank in pieces.
  std::string learn(std::string_view training);

  /// What learn() returned, of as many pieces; false, with nothing changed, if it is something else.
  bool load(std::string_view model);

  /// Throws ConfigurationError for a text with the character ▁.
  std::vector<int> encode(std::string_view text) const;
  std::string decode(std::span<const int> tokens) const;
  Index bytes(int token) const { return bytes_[static_cast<std::size_t>(token)]; }

 private:
  int pieces_;
  std::shared_ptr<const sentencepiece::SentencePieceProcessor> learnt_;
  std::vector<Index> bytes_;  // by token
};

using Tokenizers = TypeList<Bytes, Subwords>;

}  // namespace palimpsest
