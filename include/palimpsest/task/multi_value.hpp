// MQAR of keys that have m values each: `pairs` writes of pairs/m distinct keys in random order (`passes` times, in the
// same one), all values distinct; a key's answer is the set of its m values, in the order written.
// Source: what is asked of a memory that must add and not replace; keys, values and slots as in task/mqar.hpp.
#pragma once

#include <fmt/format.h>

#include <string_view>
#include <vector>

#include "palimpsest/task/pairs_then_questions.hpp"

namespace palimpsest {

class MultiValue {
 public:
  using Options = RecallOptions;
  static constexpr std::string_view name = "multi_value";
  static constexpr std::string_view summary = "mqar in which a key has several values, and all are asked for";
  static constexpr Family family = Family::recall;
  static constexpr bool stacked = false;

  /// Throws ConfigurationError for options out of range, m = values_per_key not dividing pairs among them;
  /// V ≥ 2·pairs/m + 2 and ≥ 2·pairs − 1, length even and ≥ 2·(pairs·passes + pairs/m).
  explicit MultiValue(const Options& options)
      : pairs_(options.pairs), passes_(options.passes), questions_(options, sizes(options)) {}

  static bool reads(std::string_view option) { return option == "values_per_key" || PairsThenQuestions::reads(option); }

  int vocabulary() const { return questions_.vocabulary(); }
  int outputs() const { return questions_.vocabulary(); }
  Index targets_per_question() const { return questions_.targets_per_question(); }

  void deal(Stream& stream, TokenSequence& sequence) const {
    const auto m = static_cast<int>(targets_per_question());
    std::vector<int> order;
    draw_distinct(stream, pairs_, pairs_, order);
    std::vector<PairsThenQuestions::Write> writes;
    for (Index pass = 0; pass < passes_; ++pass)
      for (const int value : order) writes.push_back({value / m, value});
    questions_.deal(stream, writes, sequence);
  }

 private:
  static PairsThenQuestions::Sizes sizes(const Options& options) {
    const Index pairs = options.pairs, m = options.values_per_key;
    require_some("pairs", pairs);
    require_some("passes", options.passes);
    require_some("values_per_key", m);
    if (pairs % m != 0)
      throw ConfigurationError(fmt::format("values_per_key = {}: pairs = {} must be a multiple of it", m, pairs));
    return {.writes = pairs * options.passes, .keys = pairs / m, .values = pairs, .values_per_key = m};
  }

  Index pairs_, passes_;
  PairsThenQuestions questions_;
};

}  // namespace palimpsest
