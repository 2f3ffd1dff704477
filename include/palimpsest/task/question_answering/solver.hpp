// Answers questions from nothing but the words: sentences are taken apart by their form, and each question looks back from the end for
// what decides it. It shares nothing with what generates stories, and keeps no state of a world, so that each checks the other.
#pragma once

#include <optional>
#include <span>
#include <string>

namespace palimpsest::question_answering {

/// The answer to the question that the words end with (`?`), from what stands before it in its story; earlier questions and the word
/// after each of them are not looked at. None if it doesn't follow, or the sentence isn't understood.
std::optional<std::string> solve(std::span<const std::string> words);

}  // namespace palimpsest::question_answering
