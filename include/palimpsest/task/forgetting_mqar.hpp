// MQAR in which a share of the keys is written once more: k1 v1 … kn vn (`passes` times), then k v' of
// r = max(1, round(reassigned·n)) keys (0 if the share is 0) with values that no key had; what was written last counts.
// With r = 0 it is `mqar`, number by number.
// Source: that a key is assigned again is the second setting of Schlag, Irie, Schmidhuber 2021 (arXiv 2102.11174,
// section 6.1); the rest as in task/mqar.hpp.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

#include "palimpsest/task/pairs_then_questions.hpp"

namespace palimpsest {

class ForgettingMqar {
 public:
  using Options = RecallOptions;
  static constexpr std::string_view name = "forgetting_mqar";
  static constexpr std::string_view summary = "mqar in which some keys get another value: the last one counts";
  static constexpr Family family = Family::recall;
  static constexpr bool stacked = false;

  /// Throws ConfigurationError for options out of range; V ≥ 2·pairs + 2 and ≥ 2·(pairs + r) − 1, length even and
  /// ≥ 2·(pairs·(passes + 1) + r).
  explicit ForgettingMqar(const Options& options)
      : pairs_(options.pairs), questions_(options, sizes(options)), reassigned_(reassigned(options)) {
    for (Index pass = 0; pass < options.passes; ++pass)
      for (int pair = 0; pair < options.pairs; ++pair) first_writes_.push_back({pair, pair});
  }

  static bool reads(std::string_view option) { return option == "reassigned" || PairsThenQuestions::reads(option); }

  int vocabulary() const { return questions_.vocabulary(); }
  int outputs() const { return questions_.vocabulary(); }
  Index targets_per_question() const { return 1; }

  void deal(Stream& stream, TokenSequence& sequence) const {
    std::vector<int> again;
    draw_distinct(stream, pairs_, reassigned_, again);
    auto writes = first_writes_;
    for (int i = 0; i < reassigned_; ++i) writes.push_back({again[i], static_cast<int>(pairs_) + i});
    questions_.deal(stream, writes, sequence);
  }

 private:
  /// r
  static Index reassigned(const Options& options) {
    if (options.reassigned == 0) return 0;
    return std::max<Index>(1, std::llround(options.reassigned * static_cast<double>(options.pairs)));
  }

  static PairsThenQuestions::Sizes sizes(const Options& options) {
    require_some("pairs", options.pairs);
    require_some("passes", options.passes);
    if (!(options.reassigned >= 0 && options.reassigned <= 1))
      throw ConfigurationError(fmt::format("reassigned = {}: allowed is a number from 0 to 1", options.reassigned));
    const Index r = reassigned(options);
    return {.writes = options.pairs * options.passes + r, .keys = options.pairs, .values = options.pairs + r};
  }

  Index pairs_;
  PairsThenQuestions questions_;
  Index reassigned_;
  std::vector<PairsThenQuestions::Write> first_writes_;
};

}  // namespace palimpsest
