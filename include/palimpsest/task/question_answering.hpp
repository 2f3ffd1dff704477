// Stories of actors, places and objects with questions in them, bAbI-style: generated, in worlds of any size. The latest place
// counts, so that the number of entities whose questions are answered is a capacity for facts that are overwritten.
//   a sequence is `stories` whole stories, each of one of the kinds and ended by <eos>: none is cut off, so that every question can
//   be answered from its sequence, and one story is a sequence of its own where capacity is measured;
//   a story opens with a place for every actor and a hand for every object; then `facts` statements per actor follow (one more where two
//   belong together), and `questions` per actor at even distances among them, each once its kind can be asked: until then statements are added;
//   a question is followed by its answer, one word, which is the target at the column of its `?`.
// Source of the kinds: Weston et al. 2015, "Towards AI-complete question answering" (arXiv 1502.05698); of stories in one stream:
// Schlag, Munkhdalai, Schmidhuber 2021 (arXiv 2011.07831), section 4.1. Neither's data are here.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "palimpsest/task/question_answering/kinds.hpp"
#include "palimpsest/task/question_answering/words.hpp"
#include "palimpsest/task/tokens.hpp"

namespace palimpsest {

/// What a configuration says about its stories.
struct QuestionAnsweringOptions {
  std::string kinds = "one_fact";  ///< one, several with blanks between them, or `all`
  Index entities = 8;              ///< actors
  Index places = 8;
  Index objects = 8;             ///< of kinds that have any
  Index facts = 2;               ///< statements of a story after its opening, per actor
  Index questions = 1;           ///< of a story, per actor
  Index stories = 1;             ///< of a sequence
  std::string loss = "answers";  ///< what is to be predicted: `answers`, or the next token everywhere (`all`)

  /// f(name, option) for every option.
  template <class F>
  void fields(F&& f) {
    f("kinds", kinds), f("entities", entities), f("places", places), f("objects", objects), f("facts", facts);
    f("questions", questions), f("stories", stories), f("loss", loss);
  }
};

class QuestionAnswering {
 public:
  using Options = QuestionAnsweringOptions;
  static constexpr std::string_view name = "question_answering";
  static constexpr std::string_view summary =
      "generated stories: who is where, has what, gave it to whom? (bAbI-style)";
  static constexpr Family family = Family::questions;
  static constexpr bool stacked = false;

  /// Throws ConfigurationError for options out of range, and for a world too small for its kinds.
  explicit QuestionAnswering(const Options& options);

  static bool reads(std::string_view option);

  int vocabulary() const { return words_.size(); }
  int outputs() const { return words_.size(); }
  Index targets_per_question() const { return 1; }

  /// Places of its world.
  int places() const { return sizes_.places; }

  /// One sequence. Distances are columns from the end of the last fact that an answer follows from to its question; where every
  /// token is to be predicted, they are 1.
  void deal(Stream& stream, TokenSequence& sequence) const;

  /// A token as a word: `mary`, `?`.
  std::string word(int token) const { return words_.text(token); }

  /// A sequence to read: a line a statement, and a line a question with its answer.
  std::string text(const TokenSequence& sequence) const;

  /// What a reader answers who knows nothing but the last place that a statement named before each question; −1 before any.
  std::vector<int> most_recent_places(const TokenSequence& sequence) const;

 private:
  void deal_story(Stream& stream, TokenSequence& sequence) const;

  std::vector<question_answering::Kind> kinds_;
  question_answering::Sizes sizes_;
  question_answering::Words words_;
  Index facts_, questions_, stories_;
  bool all_tokens_;
};

}  // namespace palimpsest
