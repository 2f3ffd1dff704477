#include "palimpsest/task/draw.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <vector>

#include "task/chi_square.hpp"

namespace palimpsest {
namespace {

TEST(DrawDistinct, EveryOrderIsAsLikely) {
  std::vector<int> order(25), drawn;
  for (std::uint64_t i = 0; i < 20000; ++i) {
    Stream stream(1, Purpose::test, i);
    draw_distinct(stream, 5, 2, drawn);
    ASSERT_EQ(drawn.size(), 2u);
    ++order[5 * drawn[0] + drawn[1]];
  }
  std::erase(order, 0);
  EXPECT_EQ(order.size(), 20u);
  EXPECT_LT(chi_square_deviate(order), most_deviate);
}

TEST(WeightedDraw, DrawsAllOfAnyNumber) {
  for (const int n : {1, 2, 5, 63, 64, 65}) {
    std::vector<double> weights(n);
    for (int i = 0; i < n; ++i) weights[i] = std::pow(i + 1, 9);  // from 1 to 1e16: far beyond a number's grid
    const WeightedDraw draw(weights);
    for (std::uint64_t i = 0; i < 50; ++i) {
      Stream stream(1, Purpose::test, i);
      std::vector<int> drawn = {1, 2, 3};  // what was there doesn't matter
      draw(stream, n, drawn);
      ASSERT_EQ(std::ssize(drawn), n);
      const std::set<int> distinct(drawn.begin(), drawn.end());
      EXPECT_EQ(std::ssize(distinct), n);
      EXPECT_EQ(*distinct.begin(), 0);
      EXPECT_EQ(*distinct.rbegin(), n - 1);
    }
  }
}

/// Probability that i is among the first k: in a race with rates w, where clock i rings at time t, fewer than k of the
/// others have rung. Midpoint rule over u = e^{−w_i t}; the number of the others by adding one after the other.
double inclusion(const std::vector<double>& w, std::size_t i, std::size_t k) {
  const int steps = 2000;
  double total = 0;
  for (int s = 0; s < steps; ++s) {
    const double t = -std::log((s + 0.5) / steps) / w[i];
    std::vector<double> rung(w.size() + 1, 0.0);
    rung[0] = 1;
    for (std::size_t j = 0; j < w.size(); ++j) {
      if (j == i) continue;
      const double p = 1 - std::exp(-w[j] * t);
      for (std::size_t c = w.size(); c > 0; --c) rung[c] += p * (rung[c - 1] - rung[c]);
      rung[0] *= 1 - p;
    }
    for (std::size_t c = 0; c < k; ++c) total += rung[c] / steps;
  }
  return total;
}

TEST(WeightedDraw, IsAmongTheFirstAsOftenAsInARaceOfClocks) {
  const std::vector<double> weights = {5, 1, 0.5, 2, 0.25, 1, 3};  // 7 leaves of a tree of 8
  const std::size_t n = weights.size(), k = 3;
  const WeightedDraw draw(weights);
  const int sequences = 40000;
  std::vector<int> counts(n), drawn;
  for (std::uint64_t i = 0; i < sequences; ++i) {
    Stream stream(2, Purpose::test, i);
    draw(stream, k, drawn);
    for (const int x : drawn) ++counts[x];
  }
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const double p = inclusion(weights, i, k);
    sum += p;
    // Seven binomial counts, 4.5 standard deviations: a right draw fails with probability 5e-5.
    EXPECT_NEAR(counts[i], sequences * p, 4.5 * std::sqrt(sequences * p * (1 - p))) << i;
  }
  EXPECT_NEAR(sum, k, 1e-3) << "of the midpoint rule";
}

}  // namespace
}  // namespace palimpsest
