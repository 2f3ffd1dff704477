// Words over a finite group: a token is an element, and the answer at each but the first is the product of all so far,
//   s_t = x_t s_(t−1) ,   s_0 = x_0 ;   x uniform on the group.
// Answers of a sequence's columns are elements, of which a product with the next is one: what has to be kept is a state, not
// a list. Groups: parity (of two elements), mod:n (addition), s3, a5, s5 (permutations of three and five).
// Source: Grazzi et al. 2024 (arXiv 2411.12537), section 5; Siems et al. 2025, "DeltaProduct" (arXiv 2502.10297), section 5.
#pragma once

#include <fmt/format.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "palimpsest/task/family.hpp"
#include "palimpsest/task/tokens.hpp"

namespace palimpsest {

/// A finite group by its table of products; element 0 is neutral.
class Group {
 public:
  /// Throws ConfigurationError, with the known ones, for another name.
  static Group parse(std::string_view name);

  int order() const { return order_; }
  int product(int a, int b) const { return products_[static_cast<std::size_t>(a * order_ + b)]; }

 private:
  explicit Group(int order) : order_(order), products_(static_cast<std::size_t>(order * order)) {}

  static Group addition(int order);
  static Group permutations(int points, bool even);

  int order_;
  std::vector<int> products_;  // a·b at a·order + b
};

struct StateTrackingOptions {
  std::string group = "parity";
  Index length = 40;  ///< T, tokens in a sequence

  template <class F>
  void fields(F&& f) {
    f("group", group), f("length", length);
  }
};

class StateTracking {
 public:
  using Options = StateTrackingOptions;
  static constexpr std::string_view name = "state_tracking";
  static constexpr std::string_view summary = "words over a group: what is the product of all tokens so far?";
  static constexpr Family family = Family::tracking;
  static constexpr bool stacked = false;

  /// Throws ConfigurationError for a group that isn't known, or fewer than two tokens.
  explicit StateTracking(const Options& options);

  static bool reads(std::string_view option) { return is_one_of(option, {"group", "length"}); }

  int vocabulary() const { return group_->order(); }
  int outputs() const { return group_->order(); }
  Index targets_per_question() const { return 1; }

  /// distances: columns back to the first token, which every answer depends on.
  void deal(Stream& stream, TokenSequence& sequence) const;

 private:
  std::shared_ptr<const Group> group_;  // as large as its square
  Index length_;
};

}  // namespace palimpsest
