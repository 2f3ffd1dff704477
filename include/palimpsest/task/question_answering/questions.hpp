// What is asked in a story, and what a reader answers.
#pragma once

#include <optional>
#include <vector>

#include "palimpsest/core/random.hpp"
#include "palimpsest/task/question_answering/reader.hpp"

namespace palimpsest::question_answering {

struct Question {
  std::vector<int> tokens;  ///< the last is `?`
  int answer;               ///< a token
  int fact;                 ///< column of the last statement that it follows from
};

/// What an answer is decided by before the story goes on to where it is right, so that answers of unequal chances are as frequent:
/// `yes` or `no`, how many things. How many such goals a kind has; most have 1.
int goals(Kind kind, const Sizes& sizes);

/// A question of this kind, uniform among those that a reader can answer now and that reach the goal; none if there is none.
std::optional<Question> draw_question(Stream& stream, Kind kind, int goal, const Sizes& sizes, const Words& words,
                                      const Reader& reader);

}  // namespace palimpsest::question_answering
