// Sequences of tokens with questions among them: what a task of sequence models deals.
//
//   name, summary                  see core/registry.hpp
//   Task(options)                  throws ConfigurationError for what it can't deal
//   Options                        what it is made from, a struct with fields(f)
//   family                         task/family.hpp
//   stacked                        whether a token is a key with its value, each of a vocabulary
//   vocabulary(), outputs()        tokens are below the one, targets below the other
//   targets_per_question()         how many tokens an answer is: a set of that size
//   Task::reads(option)            whether the option of this name changes what is dealt
//   deal(stream, sequence)         one sequence, a function of the stream alone
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <concepts>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "palimpsest/core/random.hpp"
#include "palimpsest/core/types.hpp"
#include "palimpsest/task/family.hpp"

namespace palimpsest {

/// One sequence of T tokens, and N questions. A question is a column of the sequence; what is to be answered there is
/// never a token of that column.
struct TokenSequence {
  std::vector<int> tokens;     ///< T
  std::vector<int> partners;   ///< the value that a key's token carries, −1 where none; empty, or T
  std::vector<int> positions;  ///< N columns, ascending
  std::vector<int> targets;    ///< N·targets_per_question, those of a question distinct and side by side
  std::vector<int> distances;  ///< N: columns from the answer's (last) value to the question, at least 1
};

/// What a configuration says about a task of the family `recall`.
struct RecallOptions {
  Index vocabulary = 8192;    ///< V, different tokens
  Index pairs = 4;            ///< keys with a value each (multi_value: writes)
  Index length = 64;          ///< T, tokens in a sequence
  std::string fill = "zero";  ///< the columns between questions: token 0 (`zero`), or any at all (`random`)
  Index passes = 1;           ///< how often the pairs are written, in the same order
  double power = 0.01;        ///< a of the slots' law (i + 1)^(a − 1): 1 is uniform, below 1 early ones are likelier
  double reassigned = 0.25;   ///< share of the keys that get another value later
  Index values_per_key = 1;   ///< values that are all asked for together

  /// f(name, option) for every option.
  template <class F>
  void fields(F&& f) {
    f("vocabulary", vocabulary), f("pairs", pairs), f("length", length), f("fill", fill), f("passes", passes);
    f("power", power), f("reassigned", reassigned), f("values_per_key", values_per_key);
  }
};

template <class Task>
concept TokenTask = std::constructible_from<Task, const typename Task::Options&> &&
    requires(const Task& task, Stream& stream, TokenSequence& sequence) {
  { task.vocabulary() } -> std::same_as<int>;
  { task.outputs() } -> std::same_as<int>;
  { task.targets_per_question() } -> std::same_as<Index>;
  { Task::family } -> std::convertible_to<Family>;
  { Task::stacked } -> std::convertible_to<bool>;
  { Task::reads(std::string_view()) } -> std::same_as<bool>;
  task.deal(stream, sequence);
};

inline bool is_one_of(std::string_view option, std::initializer_list<std::string_view> names) {
  return std::ranges::find(names, option) != names.end();
}

/// Throws ConfigurationError unless a count is at least 1.
inline void require_some(std::string_view option, Index count) {
  if (count < 1) throw ConfigurationError(fmt::format("{} = {}: at least 1 is needed", option, count));
}

}  // namespace palimpsest
