// Multi-query associative recall: k1 v1 k2 v2 … of distinct keys and values, `passes` times in the same order, then every
// key once, at a slot of its own between fillers; its value is asked there.
// Source: Arora et al. 2023, "Zoology" (arXiv 2312.04927), section 3; all else in task/pairs_then_questions.hpp.
#pragma once

#include <string_view>
#include <vector>

#include "palimpsest/task/pairs_then_questions.hpp"

namespace palimpsest {

class Mqar {
 public:
  using Options = RecallOptions;
  static constexpr std::string_view name = "mqar";
  static constexpr std::string_view summary = "pairs of tokens, then every key among fillers: which value follows?";
  static constexpr Family family = Family::recall;
  static constexpr bool stacked = false;

  /// Throws ConfigurationError for options out of range; V ≥ 2·pairs + 2, length even and ≥ 2·pairs·(passes + 1).
  explicit Mqar(const Options& options) : questions_(options, sizes(options)) {
    for (Index pass = 0; pass < options.passes; ++pass)
      for (int pair = 0; pair < options.pairs; ++pair) writes_.push_back({pair, pair});
  }

  static bool reads(std::string_view option) { return PairsThenQuestions::reads(option); }

  int vocabulary() const { return questions_.vocabulary(); }
  int outputs() const { return questions_.vocabulary(); }
  Index targets_per_question() const { return 1; }

  void deal(Stream& stream, TokenSequence& sequence) const { questions_.deal(stream, writes_, sequence); }

 private:
  static PairsThenQuestions::Sizes sizes(const Options& options) {
    require_some("pairs", options.pairs);
    require_some("passes", options.passes);
    return {.writes = options.pairs * options.passes, .keys = options.pairs, .values = options.pairs};
  }

  PairsThenQuestions questions_;
  std::vector<PairsThenQuestions::Write> writes_;
};

}  // namespace palimpsest
