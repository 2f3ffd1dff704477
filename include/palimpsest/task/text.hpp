// What a language model is trained for: of a text in tokens x_0, x_1, … (task/corpus.hpp, task/tokenizer.hpp), which is next?
// A sequence is a segment of T of them that asks at every column,
//   tokens x_s … x_(s+T−1) ,   targets x_(s+1) … x_(s+T) .
// Training segments begin anywhere in the training split, uniformly; an evaluation goes through its split from the first token
// to the last, segment behind segment. The documents of a split stand one behind the other, and a segment may hold an end.
// Where a model's state is carried from segment to segment (`carry_state`), training goes through its split in order as well, in
// streams, one per sequence of a batch: the first begins where the seed says and the others at equal distances from it, each reads
// whole segments up to the end of the split, and then goes on with the split's first segment and an empty state.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "palimpsest/task/corpus.hpp"
#include "palimpsest/task/tokenizer.hpp"
#include "palimpsest/task/tokens.hpp"

namespace palimpsest {

struct TextOptions {
  std::string corpus = "brown";          ///< what scripts/corpus.sh made of that name, or the path of a file
  std::string tokens = "bytes";          ///< task/tokenizer.hpp
  Index segment = 256;                   ///< T
  std::string validation = "documents";  ///< what is evaluated while it trains: documents held out for it, or `test`
  Index evaluation_segments = 0;         ///< segments of a split that are evaluated, from its first on; 0: all
  bool carry_state = false;              ///< whether a segment starts with the state that the one before it left

  /// f(name, option) for every option.
  template <class F>
  void fields(F&& f) {
    f("corpus", corpus), f("tokens", tokens), f("segment", segment), f("validation", validation);
    f("evaluation_segments", evaluation_segments), f("carry_state", carry_state);
  }
};

struct TextSplit {
  std::string text;
  std::vector<int> tokens;
};

/// A corpus in tokens.
struct TextData {
  std::string hash;  ///< of the whole text
  Tokenizers::Variant tokenizer;
  TextSplit training, validation, test;
};

class Text {
 public:
  using Options = TextOptions;
  static constexpr std::string_view name = "text";
  static constexpr std::string_view summary = "segments of a text, in bytes or subwords: which token is next?";
  static constexpr Family family = Family::text;
  static constexpr bool stacked = false;

  /// Reads no file yet. Throws ConfigurationError for options out of range.
  explicit Text(const Options& options);

  /// All of them.
  static bool reads(std::string_view) { return true; }

  Index segment() const { return options_.segment; }
  bool carries_state() const { return options_.carry_state; }
  int vocabulary() const { return vocabulary_; }
  int outputs() const { return vocabulary_; }
  Index targets_per_question() const { return 1; }

  /// The corpus, read, and its subwords learnt, when it is first asked for; the last one is kept for whoever asks again. Throws
  /// ConfigurationError for what task/corpus.hpp and task/tokenizer.hpp refuse, and for a split of too few tokens for a segment.
  std::shared_ptr<const TextData> data() const;

  /// A segment to train; distances are empty, since nobody knows where an answer is from.
  void deal(Stream& stream, TokenSequence& sequence) const { deal(*data(), stream, sequence); }
  void deal(const TextData& data, Stream& stream, TokenSequence& sequence) const;

  /// What stream b of `streams` reads after so many segments; returns whether that is the first it reads, or the text's first, so
  /// that no state goes before it.
  bool deal_stream(const TextData& data, std::uint64_t seed, Index b, Index streams, Index read,
                   TokenSequence& sequence) const;

  /// Which segment of the training split that is.
  Index segment_of_stream(const TextData& data, std::uint64_t seed, Index b, Index streams, Index read) const;

  /// Segments of a split that are evaluated; its last may be shorter than T.
  Index segments(const TextSplit& split) const;

  /// Its segment i.
  void deal(const TextSplit& split, Index i, TokenSequence& sequence) const;

 private:
  Options options_;
  Validation validation_;
  Tokenizers::Variant tokenizer_;
  int vocabulary_;
};

/// What the targets of a split's first segments are, together.
struct Predicted {
  Index tokens, bytes, words;
};

/// Of targets x_1 … x_tokens; words are those that end in them.
Predicted predicted(const TextData& data, const TextSplit& split, Index tokens);

}  // namespace palimpsest
