#include "palimpsest/task/state_tracking.hpp"

#include <algorithm>
#include <map>
#include <numeric>

#include "palimpsest/core/text.hpp"

namespace palimpsest {
namespace {

constexpr int most_elements = 1000;

bool is_even(const std::vector<int>& permutation) {
  int inversions = 0;
  for (std::size_t i = 0; i < permutation.size(); ++i)
    for (std::size_t j = i + 1; j < permutation.size(); ++j) inversions += permutation[i] > permutation[j];
  return inversions % 2 == 0;
}

}  // namespace

Group Group::addition(int order) {
  Group group(order);
  for (int a = 0; a < order; ++a)
    for (int b = 0; b < order; ++b) group.products_[static_cast<std::size_t>(a * order + b)] = (a + b) % order;
  return group;
}

Group Group::permutations(int points, bool even) {
  std::vector<int> permutation(static_cast<std::size_t>(points));
  std::iota(permutation.begin(), permutation.end(), 0);
  std::vector<std::vector<int>> all;
  std::map<std::vector<int>, int> number;
  do {
    if (even && !is_even(permutation)) continue;
    number[permutation] = static_cast<int>(all.size());
    all.push_back(permutation);
  } while (std::ranges::next_permutation(permutation).found);
  Group group(static_cast<int>(all.size()));
  auto product = group.products_.begin();
  for (const auto& a : all)
    for (const auto& b : all) {
      for (std::size_t i = 0; i < b.size(); ++i) permutation[i] = a[static_cast<std::size_t>(b[i])];
      *product++ = number.at(permutation);
    }
  return group;
}

Group Group::parse(std::string_view name) {
  if (name == "parity") return addition(2);
  if (name == "s3") return permutations(3, false);
  if (name == "a5") return permutations(5, true);
  if (name == "s5") return permutations(5, false);
  constexpr std::string_view mod = "mod:";
  if (name.starts_with(mod))
    if (const auto n = palimpsest::parse<int>(name.substr(mod.size())); n && *n >= 2 && *n <= most_elements)
      return addition(*n);
  throw ConfigurationError(
      fmt::format("unknown group '{}'; known: parity, mod:n with n from 2 to {}, s3, a5, s5", name, most_elements));
}

StateTracking::StateTracking(const Options& options)
    : group_(std::make_shared<const Group>(Group::parse(options.group))), length_(options.length) {
  if (length_ < 2) throw ConfigurationError(fmt::format("length = {}: at least 2 are needed", length_));
}

void StateTracking::deal(Stream& stream, TokenSequence& sequence) const {
  sequence = {};
  int state = 0;
  for (Index t = 0; t < length_; ++t) {
    const int x = static_cast<int>(stream.below(static_cast<std::uint32_t>(group_->order())));
    state = group_->product(x, state);
    sequence.tokens.push_back(x);
    if (t == 0) continue;
    sequence.positions.push_back(static_cast<int>(t));
    sequence.targets.push_back(state);
    sequence.distances.push_back(static_cast<int>(t));
  }
}

}  // namespace palimpsest
