// Draws of a stream.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

#include "palimpsest/core/random.hpp"

namespace palimpsest {

/// One of so many, each as likely, by number: the first that is drawn of a sequence's stream. One alone draws nothing.
inline std::size_t draw_member(Stream& stream, std::size_t members) {
  return members == 1 ? 0 : stream.below(static_cast<std::uint32_t>(members));
}

/// k distinct of 0 … n − 1, every order as likely: the first k of a Fisher–Yates shuffle.
inline void draw_distinct(Stream& stream, Index n, Index k, std::vector<int>& drawn) {
  drawn.resize(n);
  std::iota(drawn.begin(), drawn.end(), 0);
  for (Index i = 0; i < k; ++i) {
    const Index j = i + stream.below(static_cast<std::uint32_t>(n - i));
    std::swap(drawn[i], drawn[j]);
  }
  drawn.resize(k);
}

/// k distinct of 0 … n − 1, one after the other, i with probability w_i/Σ w of those that are left.
class WeightedDraw {
 public:
  /// Weights are above 0.
  explicit WeightedDraw(const std::vector<double>& weights)
      : leaves_(std::bit_ceil(weights.size())), sums_(2 * leaves_, 0.0) {
    std::copy(weights.begin(), weights.end(), sums_.begin() + static_cast<std::ptrdiff_t>(leaves_));
    for (std::size_t node = leaves_ - 1; node > 0; --node) sums_[node] = sums_[2 * node] + sums_[2 * node + 1];
  }

  void operator()(Stream& stream, Index k, std::vector<int>& drawn) const {
    auto sums = sums_;
    drawn.clear();
    for (Index i = 0; i < k; ++i) {
      double rest = stream.uniform<double>() * sums[1];
      std::size_t node = 1;
      while (node < leaves_) {
        node *= 2;
        if (rest < sums[node] || sums[node + 1] == 0) continue;  // rounding may leave too much for the right
        rest -= sums[node++];
      }
      drawn.push_back(static_cast<int>(node - leaves_));
      sums[node] = 0;
      while (node /= 2) sums[node] = sums[2 * node] + sums[2 * node + 1];  // summed again: differences would drift
    }
  }

 private:
  std::size_t leaves_;
  std::vector<double> sums_;  // a binary tree: node i is the sum of 2i and 2i + 1, the root is 1
};

}  // namespace palimpsest
