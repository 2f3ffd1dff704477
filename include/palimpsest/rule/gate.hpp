// Gates of an update rule by name: what a model learns for each write, or once for all of them.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace palimpsest {

struct Gate {
  std::string_view name;
  std::string_view meaning;
  double start = 0;          ///< of its logit; of a constant, of the parameter
  std::uint64_t stream = 0;  ///< which random numbers a model starts it with: another for each gate of a rule
  bool per_feature = false;  ///< p numbers, or one
  bool constant = false;     ///< a parameter that all writes share, or the sigmoid of a projection of each token
  double least = 0;          ///< of a constant that must be positive: it is least + softplus of the parameter
};

/// β ∈ (0, 1), or up to the largest that a rule allows: how much is written.
inline constexpr Gate kBeta{.name = "beta", .meaning = "write strength", .stream = 0};

/// α ∈ (0, 1): how much of the rest is kept. It starts at α = 0.9975, so that a write is still there after some hundred
/// others.
inline constexpr Gate kAlpha{.name = "alpha", .meaning = "decay", .start = 6, .stream = 1};

/// The same with one number per feature.
inline constexpr Gate kAlphaOfFeatures{
    .name = "alpha", .meaning = "decay per feature", .start = 6, .stream = 1, .per_feature = true};

/// Where a list of gates has one of that name; −1: nowhere.
template <class Gates>
constexpr int index_of(const Gates& gates, std::string_view name) {
  for (std::size_t i = 0; i < gates.size(); ++i)
    if (gates[i].name == name) return static_cast<int>(i);
  return -1;
}

}  // namespace palimpsest
