// The vocabulary: words of the language, then actors, places, objects, and a word for each two objects (an answer is one word:
// `apple,football`).
#pragma once

#include <array>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>

#include "palimpsest/core/types.hpp"

namespace palimpsest::question_answering {

/// How many of each a world has.
struct Sizes {
  int actors, places, objects;
};

/// Words that every world has, each a token by its place.
inline constexpr std::array<std::string_view, 43> common_words{
    "<eos>", ".",      "?",    "the",  "to",      "is",     "in",      "and",      "then",      "he",       "she",
    "no",    "longer", "who",  "what", "where",   "was",    "before",  "after",    "did",       "give",     "received",
    "how",   "many",   "yes",  "none", "one",     "two",    "objects", "carrying", "went",      "moved",    "journeyed",
    "took",  "got",    "left", "gave", "grabbed", "passed", "dropped", "handed",   "travelled", "discarded"};

inline namespace literals {

/// The token of a common word; throws for any other. Not consteval: Clang 14 then calls a function that it never made.
constexpr int operator""_w(const char* text, std::size_t size) {
  for (std::size_t i = 0; i < common_words.size(); ++i)
    if (common_words[i] == std::string_view(text, size)) return static_cast<int>(i);
  throw std::logic_error("no common word");
}

}  // namespace literals

class Words {
 public:
  /// pairs: whether two objects together have a word.
  Words(const Sizes& sizes, bool pairs) : sizes_(sizes), pairs_(pairs) {}

  int actor(int i) const { return first_actor + i; }
  int place(int i) const { return actor(sizes_.actors) + i; }
  int object(int i) const { return place(sizes_.places) + i; }

  /// Of two different objects, in any order.
  int both(int i, int j) const;

  /// `he` or `she`.
  int pronoun(int actor) const;

  bool is_place(int token) const { return place(0) <= token && token < object(0); }

  /// How many words there are.
  int size() const;

  /// `mary`, `kitchen`, `apple,football`; from the ninth actor on with a number, `mary2`.
  std::string text(int token) const;

 private:
  static constexpr int first_actor = static_cast<int>(common_words.size());

  Sizes sizes_;
  bool pairs_;
};

}  // namespace palimpsest::question_answering
