// Two kinds of options of token tasks, as text and as value: a mixture of numbers of pairs, `4 8 16`, and a length that
// may be a multiple of the pairs, `4pairs`.
#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "palimpsest/core/random.hpp"
#include "palimpsest/core/text.hpp"
#include "palimpsest/core/types.hpp"

namespace palimpsest {

constexpr Index largest_count = 1'000'000'000;  // far above any use, far below any overflow

/// Empty unless the whole text is an integer from 1 to the largest count.
inline std::optional<Index> parse_count(std::string_view text) {
  const auto value = parse<Index>(text);
  return value && *value >= 1 && *value <= largest_count ? value : std::nullopt;
}

/// Numbers of pairs, ascending and distinct, at least one; a sequence has one of them, each as likely.
class PairsMixture {
 public:
  /// `4` or `4 8 16`. Throws ConfigurationError, naming the option, for anything else.
  static PairsMixture parse(std::string_view option, std::string_view text) {
    PairsMixture mixture;
    for (std::size_t from = 0; from < text.size();) {
      const auto to = std::min(text.find(' ', from), text.size());
      if (to > from) {
        const auto pairs = parse_count(text.substr(from, to - from));
        if (!pairs || (!mixture.members_.empty() && *pairs <= mixture.members_.back())) refuse(option, text);
        mixture.members_.push_back(*pairs);
      }
      from = to + 1;
    }
    if (mixture.members_.empty()) refuse(option, text);
    return mixture;
  }

  /// As parse() reads it.
  std::string text() const { return fmt::format("{}", fmt::join(members_, " ")); }

  const std::vector<Index>& members() const { return members_; }
  Index largest() const { return members_.back(); }

  bool operator==(const PairsMixture&) const = default;

 private:
  [[noreturn]] static void refuse(std::string_view option, std::string_view text) {
    throw ConfigurationError(
        fmt::format("{} '{}': allowed are integers from 1 to {} in ascending order, as in '4' or '4 8 16'", option,
                    text, largest_count));
  }

  std::vector<Index> members_;
};

/// The length of a sequence: so many tokens, or so many for each pair.
class SequenceLength {
 public:
  /// `64`, `4pairs`, or `pairs` for once. Throws ConfigurationError, naming the option, for anything else.
  static SequenceLength parse(std::string_view option, std::string_view text) {
    SequenceLength length;
    length.times_pairs_ = text.ends_with(unit);
    const auto factor = length.times_pairs_ ? text.substr(0, text.size() - unit.size()) : text;
    const auto count = length.times_pairs_ && factor.empty() ? 1 : parse_count(factor);
    if (!count)
      throw ConfigurationError(fmt::format(
          "{} '{}': allowed is an integer from 1 to {}, or a multiple of the pairs such as 'pairs' or '4pairs'", option,
          text, largest_count));
    length.count_ = *count;
    return length;
  }

  /// As parse() reads it.
  std::string text() const {
    return times_pairs_ ? (count_ == 1 ? std::string(unit) : fmt::format("{}{}", count_, unit))
                        : fmt::format("{}", count_);
  }

  /// In tokens. Throws ConfigurationError, naming the option, above the largest count. pairs ≥ 1.
  Index resolve(std::string_view option, Index pairs) const {
    if (!times_pairs_) return count_;
    if (count_ > largest_count / pairs)
      throw ConfigurationError(
          fmt::format("{} '{}': with {} pairs that is above {}", option, text(), pairs, largest_count));
    return count_ * pairs;
  }

  bool operator==(const SequenceLength&) const = default;

 private:
  static constexpr std::string_view unit = "pairs";

  Index count_ = 1;
  bool times_pairs_ = false;
};

}  // namespace palimpsest
