// Families of tasks: those of one have the same options, so that their results have the same columns, and count what they
// are sized by in the same thing.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace palimpsest {

enum class Family { pairs, recall, tracking };

struct FamilyTraits {
  Family family;
  std::string_view name;  ///< for people
  bool tokens = true;     ///< whether sequences are of tokens, for a model of layers; else of pairs, for one of tables
  std::string_view size;  ///< the parameter that sizes of it are: what a capacity counts
  std::string_view length;    ///< the parameter that says how long a sequence is
  std::string_view slices{};  ///< the column of what was measured at each size, if several may be tested
  std::string_view tested{};  ///< that size in the file of slices
};

inline constexpr std::array kFamilies = {
    FamilyTraits{.family = Family::pairs, .name = "pairs", .tokens = false, .size = "S", .length = "L"},
    FamilyTraits{.family = Family::recall,
                 .name = "recall of tokens",
                 .size = "pairs",
                 .length = "length",
                 .slices = "by_pairs",
                 .tested = "tested_pairs"},
    FamilyTraits{.family = Family::tracking, .name = "state tracking", .size = "length", .length = "test_length"}};

constexpr const FamilyTraits& traits(Family family) {
  return *std::ranges::find(kFamilies, family, &FamilyTraits::family);
}

}  // namespace palimpsest
