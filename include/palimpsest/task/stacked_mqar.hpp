// MQAR of whole pairs: a token is a key with its value as partner. The pairs are written, `passes` times in the same
// order, then every key is asked for alone, in another order. Keys and values are of [0, V) each, drawn without
// replacement; V is the number of keys and of values, and T = pairs·(passes + 1).
// Source: the Zoology authors' stacked variant of MQAR (January 2026); it is setting 1 of Schlag, Irie, Schmidhuber 2021
// (arXiv 2102.11174, section 6.1) with many more keys than are written.
#pragma once

#include <fmt/format.h>

#include <string_view>
#include <vector>

#include "palimpsest/task/draw.hpp"
#include "palimpsest/task/tokens.hpp"

namespace palimpsest {

class StackedMqar {
 public:
  using Options = RecallOptions;
  static constexpr std::string_view name = "stacked_mqar";
  static constexpr std::string_view summary = "mqar whose token is a key with its value; then every key alone";
  static constexpr Family family = Family::recall;
  static constexpr bool stacked = true;

  /// Throws ConfigurationError for options out of range; V ≥ pairs.
  explicit StackedMqar(const Options& options)
      : vocabulary_(options.vocabulary), pairs_(options.pairs), passes_(options.passes) {
    require_some("pairs", pairs_);
    require_some("passes", passes_);
    if (vocabulary_ < pairs_)
      throw ConfigurationError(fmt::format("vocabulary = {}: at least pairs = {}", vocabulary_, pairs_));
  }

  static bool reads(std::string_view option) { return is_one_of(option, {"vocabulary", "pairs", "passes"}); }

  int vocabulary() const { return static_cast<int>(vocabulary_); }
  int outputs() const { return static_cast<int>(vocabulary_); }
  Index targets_per_question() const { return 1; }

  void deal(Stream& stream, TokenSequence& sequence) const {
    std::vector<int> keys, values, order;
    draw_distinct(stream, vocabulary_, pairs_, keys);
    draw_distinct(stream, vocabulary_, pairs_, values);
    draw_distinct(stream, pairs_, pairs_, order);
    sequence = {};
    for (Index pass = 0; pass < passes_; ++pass) {
      sequence.tokens.insert(sequence.tokens.end(), keys.begin(), keys.end());
      sequence.partners.insert(sequence.partners.end(), values.begin(), values.end());
    }
    for (const int pair : order) {
      const auto position = static_cast<int>(sequence.tokens.size());
      sequence.tokens.push_back(keys[pair]);
      sequence.partners.push_back(-1);
      sequence.positions.push_back(position);
      sequence.targets.push_back(values[pair]);
      sequence.distances.push_back(position - static_cast<int>((passes_ - 1) * pairs_) - pair);
    }
  }

 private:
  Index vocabulary_, pairs_, passes_;
};

}  // namespace palimpsest
