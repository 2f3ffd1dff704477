// What the tests of token tasks share: dealing, writing a sequence down, and a reader who is told no more than a model is.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "palimpsest/task/all.hpp"

namespace palimpsest {

template <class Task>
TokenSequence dealt(const Task& task, std::uint64_t index) {
  Stream stream(1, Purpose::training, index);
  TokenSequence sequence;
  task.deal(stream, sequence);
  return sequence;
}

template <class Task>
TokenSequence dealt(const RecallOptions& options, std::uint64_t index) {
  return dealt(Task(options), index);
}

inline bool operator==(const TokenSequence& a, const TokenSequence& b) {
  return a.tokens == b.tokens && a.partners == b.partners && a.positions == b.positions && a.targets == b.targets &&
         a.distances == b.distances;
}

/// `3 8 5 9 0 0 5?9@3 0`: tokens in their order, a partner behind a `:`, a question as key?targets@distance.
inline std::string transcript(const TokenSequence& sequence) {
  const auto& [tokens, partners, positions, targets, distances] = sequence;
  const std::size_t m = targets.size() / positions.size();
  std::string text;
  std::size_t question = 0;
  for (std::size_t t = 0; t < tokens.size(); ++t) {
    text += fmt::format("{}{}", t ? " " : "", tokens[t]);
    if (!partners.empty() && partners[t] >= 0) text += fmt::format(":{}", partners[t]);
    if (question < positions.size() && positions[question] == static_cast<int>(t)) {
      for (std::size_t i = 0; i < m; ++i) text += fmt::format("{}{}", i ? "," : "?", targets[question * m + i]);
      text += fmt::format("@{}", distances[question++]);
    }
  }
  return text;
}

/// How many pairs are written, counted by what the task's summary says.
template <class Task>
int writes_of(const RecallOptions& o) {
  int writes = static_cast<int>(o.pairs * o.passes);
  if constexpr (Task::name == "forgetting_mqar")
    if (o.reassigned > 0) {
      const int rounded = static_cast<int>(o.reassigned * static_cast<double>(o.pairs) + 0.5);
      writes += rounded > 1 ? rounded : 1;
    }
  return writes;
}

struct Written {
  int value, column;  ///< the column of the value
};
using Story = std::map<int, std::vector<Written>>;  ///< of each key, what was written to it, in order

/// Reads the writes, column by column.
template <class Task>
Story read_writes(const RecallOptions& options, const TokenSequence& sequence) {
  Story story;
  if (Task::name == "stacked_mqar") {
    for (std::size_t t = 0; t < sequence.tokens.size(); ++t)
      if (sequence.partners[t] >= 0) story[sequence.tokens[t]].push_back({sequence.partners[t], static_cast<int>(t)});
  } else {
    for (int t = 0; t < 2 * writes_of<Task>(options); t += 2)
      story[sequence.tokens[t]].push_back({sequence.tokens[t + 1], t + 1});
  }
  return story;
}

}  // namespace palimpsest
