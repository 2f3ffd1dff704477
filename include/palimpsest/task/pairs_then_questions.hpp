// k1 v1 k2 v2 …, then a region in which every key is asked for once: what the tasks of pairs of tokens share.
//   keys are of [1, V/2), values of [V/2, V), each drawn without replacement;
//   with W writes, slot i is the columns 2(W + i) and 2(W + i) + 1; a key stands in the first of its slot, and what was
//   last written to it is asked there, not shown: it would be the next token;
//   keys draw their slots one after the other without replacement, p(i) ∝ (i + 1)^(a − 1), a = power;
//   every other column of the region is 0, or a uniform token.
// Source: Arora et al. 2023, "Zoology" (arXiv 2312.04927), section 3, and its published code.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <string_view>
#include <vector>

#include "palimpsest/task/draw.hpp"
#include "palimpsest/task/tokens.hpp"

namespace palimpsest {

class PairsThenQuestions {
 public:
  struct Write {
    int key, value;  ///< by number, among the keys and values of the sequence
  };

  struct Sizes {
    Index writes;  ///< W
    Index keys;    ///< distinct ones; each is asked once
    Index values;  ///< distinct ones
    Index values_per_key = 1;
  };

  static bool reads(std::string_view option) {
    return is_one_of(option, {"vocabulary", "pairs", "length", "fill", "passes", "power"});
  }

  /// Throws ConfigurationError for options out of range, and if vocabulary or length are too small for the sizes.
  PairsThenQuestions(const RecallOptions& options, const Sizes& sizes)
      : sizes_((require(options, sizes), sizes)),
        vocabulary_(static_cast<int>(options.vocabulary)),
        length_(options.length),
        random_fill_(options.fill == "random"),
        slots_(slot_weights(options.length / 2 - sizes.writes, options.power)) {}

  int vocabulary() const { return vocabulary_; }
  Index targets_per_question() const { return sizes_.values_per_key; }

  /// `writes`: W, every key among them a multiple of values_per_key times; the last values_per_key are the answer.
  void deal(Stream& stream, const std::vector<Write>& writes, TokenSequence& sequence) const {
    const auto& [W, n, values_drawn, m] = sizes_;
    const int first_value = vocabulary_ / 2;
    std::vector<int> keys, values, slots;
    draw_distinct(stream, first_value - 1, n, keys);
    draw_distinct(stream, vocabulary_ - first_value, values_drawn, values);
    slots_(stream, n, slots);

    auto& [tokens, partners, positions, targets, distances] = sequence;
    tokens.assign(length_, 0);
    if (random_fill_)
      for (Index t = 2 * W; t < length_; ++t)
        tokens[t] = static_cast<int>(stream.below(static_cast<std::uint32_t>(vocabulary_)));
    partners.clear();
    positions.clear();
    targets.clear();
    distances.clear();

    std::vector<int> answers(n * m), times(n), last(n);
    for (Index w = 0; w < W; ++w) {
      const auto [key, value] = writes[w];
      tokens[2 * w] = 1 + keys[key];
      tokens[2 * w + 1] = first_value + values[value];
      answers[key * m + times[key]++ % m] = tokens[2 * w + 1];
      last[key] = static_cast<int>(2 * w + 1);
    }
    std::vector<int> order(n);
    std::iota(order.begin(), order.end(), 0);
    std::ranges::sort(order, {}, [&](int key) { return slots[key]; });
    for (const int key : order) {
      const int position = 2 * (static_cast<int>(W) + slots[key]);
      tokens[position] = 1 + keys[key];
      positions.push_back(position);
      targets.insert(targets.end(), answers.begin() + key * m, answers.begin() + (key + 1) * m);
      distances.push_back(position - last[key]);
    }
  }

 private:
  static void require(const RecallOptions& options, const Sizes& sizes) {
    const Index V = options.vocabulary, T = options.length;
    const auto& [W, keys, values, values_per_key] = sizes;
    if (options.fill != "zero" && options.fill != "random")
      throw ConfigurationError(fmt::format("fill '{}': allowed is zero or random", options.fill));
    if (!(options.power > 0 && options.power <= most_power))
      throw ConfigurationError(
          fmt::format("power = {}: allowed is a number above 0 and up to {}", options.power, most_power));
    const Index least = std::max(2 * keys + 2, 2 * values - 1);
    if (V < least)
      throw ConfigurationError(
          fmt::format("vocabulary = {}: at least {} for {} keys and {} values", V, least, keys, values));
    if (T % 2 != 0) throw ConfigurationError(fmt::format("length = {}: an even number of tokens is needed", T));
    if (T < 2 * (W + keys))
      throw ConfigurationError(fmt::format(
          "length = {}: at least {}, two tokens for each of {} writes and {} questions", T, 2 * (W + keys), W, keys));
  }

  static std::vector<double> slot_weights(Index slots, double power) {
    std::vector<double> weights(slots);
    for (Index i = 0; i < slots; ++i) weights[i] = std::pow(static_cast<double>(i + 1), power - 1);
    return weights;
  }

  static constexpr double most_power = 10;  // of a billion slots, the ninth power is still a number

  Sizes sizes_;
  int vocabulary_;
  Index length_;
  bool random_fill_;
  WeightedDraw slots_;
};

}  // namespace palimpsest
