#include "palimpsest/task/state_tracking.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "sweep/error_of.hpp"
#include "task/chi_square.hpp"
#include "task/token_sequences.hpp"

namespace palimpsest {
namespace {

const std::vector<std::string> groups{"parity", "mod:2", "mod:7", "s3", "a5", "s5"};

TokenSequence dealt(const StateTrackingOptions& options, std::uint64_t index) {
  return dealt(StateTracking(options), index);
}

/// How many elements have each order, from 1 to 6: what tells these groups apart.
std::array<int, 6> elements_by_order(const Group& group) {
  std::array<int, 6> counts{};
  for (int a = 0; a < group.order(); ++a) {
    int order = 1;
    for (int power = a; power != 0; power = group.product(a, power)) ++order;
    if (order <= 6) ++counts[static_cast<std::size_t>(order - 1)];
  }
  return counts;
}

TEST(Group, IsOne) {
  for (const auto& name : groups) {
    const auto group = Group::parse(name);
    const int n = group.order();
    Stream stream(1, Purpose::training, 0);
    const auto any = [&] { return static_cast<int>(stream.below(static_cast<std::uint32_t>(n))); };
    for (int a = 0; a < n; ++a) {
      EXPECT_EQ(group.product(a, 0), a) << name;
      EXPECT_EQ(group.product(0, a), a) << name;
      std::vector<int> row;
      for (int b = 0; b < n; ++b) row.push_back(group.product(a, b));
      std::ranges::sort(row);
      for (int b = 0; b < n; ++b) ASSERT_EQ(row[static_cast<std::size_t>(b)], b) << name << ": every element once";
    }
    for (int i = 0; i < 5000; ++i) {
      const int a = any(), b = any(), c = any();
      ASSERT_EQ(group.product(group.product(a, b), c), group.product(a, group.product(b, c))) << name;
    }
  }
}

TEST(Group, IsTheOneOfItsName) {
  using Counts = std::array<int, 6>;
  EXPECT_EQ(elements_by_order(Group::parse("parity")), (Counts{1, 1, 0, 0, 0, 0}));
  EXPECT_EQ(elements_by_order(Group::parse("mod:6")), (Counts{1, 1, 2, 0, 0, 2}));
  EXPECT_EQ(elements_by_order(Group::parse("s3")), (Counts{1, 3, 2, 0, 0, 0}));
  EXPECT_EQ(elements_by_order(Group::parse("a5")), (Counts{1, 15, 20, 0, 24, 0}));
  EXPECT_EQ(elements_by_order(Group::parse("s5")), (Counts{1, 25, 20, 30, 24, 20}));
}

TEST(Group, RefusesOthers) {
  for (const auto* name : {"", "s4", "mod", "mod:", "mod:1", "mod:1001", "mod:x", "Parity"})
    EXPECT_EQ(sweep::error_of([&] { Group::parse(name); }),
              std::string("unknown group '") + name + "'; known: parity, mod:n with n from 2 to 1000, s3, a5, s5");
}

// Elements of s3 in order: the identity, (1 2), (0 1), 0→1→2→0, 0→2→1→0, (0 2), as permutations 012, 021, 102, 120, 201, 210.
TEST(StateTracking, ByHand) {
  const auto group = Group::parse("s3");
  EXPECT_EQ(group.product(2, 1), 3);  // (1 2) first, then (0 1): 0→0→1, 1→2→2, 2→1→0
  EXPECT_EQ(group.product(1, 2), 4);  // (0 1) first, then (1 2): 0→1→2, 1→0→0, 2→2→1
  const auto sequence = dealt({.group = "s3", .length = 3}, 5);
  const auto& x = sequence.tokens;
  EXPECT_EQ(sequence.positions, (std::vector{1, 2}));
  EXPECT_EQ(sequence.targets, (std::vector{group.product(x[1], x[0]), group.product(x[2], group.product(x[1], x[0]))}));
  EXPECT_EQ(sequence.distances, (std::vector{1, 2}));
}

TEST(StateTracking, OfNumbersIsTheirSum) {
  for (const auto& [name, n] : {std::pair("parity", 2), {"mod:5", 5}}) {
    const auto sequence = dealt({.group = name, .length = 63}, 2);
    int sum = sequence.tokens[0];
    for (std::size_t t = 1; t < sequence.tokens.size(); ++t) {
      sum += sequence.tokens[t];
      EXPECT_EQ(sequence.targets[t - 1], sum % n);
    }
  }
}

TEST(StateTracking, EveryElementIsATokenAndAnAnswerAsOften) {
  for (const auto& name : groups) {
    const int n = Group::parse(name).order();
    std::vector<int> tokens(static_cast<std::size_t>(n)), last(static_cast<std::size_t>(n));
    for (std::uint64_t i = 0; i < 20'000; ++i) {
      const auto sequence = dealt({.group = name, .length = 5}, i);
      ++tokens[static_cast<std::size_t>(sequence.tokens[3])];
      ++last[static_cast<std::size_t>(sequence.targets.back())];
    }
    EXPECT_LT(chi_square_deviate(tokens), most_deviate) << name;
    EXPECT_LT(chi_square_deviate(last), most_deviate) << name;
  }
}

TEST(StateTracking, EveryOptionChangesWhatIsDealt) {
  const StateTrackingOptions options{.group = "s3", .length = 9};
  EXPECT_FALSE(dealt(options, 1) == dealt({.group = "mod:6", .length = 9}, 1));
  EXPECT_FALSE(dealt(options, 1) == dealt({.group = "s3", .length = 8}, 1));
  EXPECT_TRUE(dealt(options, 1) == dealt(options, 1));
  StateTrackingOptions(options).fields(
      [](std::string_view name, const auto&) { EXPECT_TRUE(StateTracking::reads(name)) << name; });
}

TEST(StateTracking, NeedsTwoTokens) {
  EXPECT_EQ(sweep::error_of([] { StateTracking({.group = "s3", .length = 1}); }), "length = 1: at least 2 are needed");
}

}  // namespace
}  // namespace palimpsest
