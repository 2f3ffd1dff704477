// A mean over all items of sequences that don't have equally many, m = Σ s_i/Σ n_i, where sequence i has n_i items of
// sum s_i. It is a ratio; its standard error over n sequences is √(n/(n − 1)·Σ (s_i − m·n_i)²)/Σ n_i.
// Source: Cochran, Sampling Techniques, 1977, section 6.4.
#pragma once

#include <cmath>
#include <optional>
#include <utility>
#include <vector>

namespace palimpsest {

class RatioAverage {
 public:
  /// What is added from here on belongs to another sequence.
  void begin_sequence() { sequences_.emplace_back(0, 0); }

  void add(double item) {
    auto& [sum, count] = sequences_.back();
    sum_ += item, ++count_;
    sum += item, ++count;
  }

  double value() const { return sum_ / count_; }

  /// Standard error of value(); empty of one sequence.
  std::optional<double> error() const {
    const auto n = static_cast<double>(sequences_.size());
    if (n < 2) return std::nullopt;
    double squares = 0;
    for (const auto& [sum, count] : sequences_) squares += (sum - value() * count) * (sum - value() * count);
    return std::sqrt(n / (n - 1) * squares) / count_;
  }

 private:
  double sum_ = 0;
  double count_ = 0;
  std::vector<std::pair<double, double>> sequences_;  // s_i, n_i
};

}  // namespace palimpsest
