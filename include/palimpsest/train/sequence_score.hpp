// How well questions in sequences of tokens are answered. A question has its cross entropy and is right or not; all
// questions of all sequences weigh the same (micro-averages), and errors are of how sequences differ.
#pragma once

#include <array>
#include <cassert>
#include <cstddef>
#include <optional>
#include <vector>

#include "palimpsest/core/types.hpp"
#include "palimpsest/train/ratio_average.hpp"

namespace palimpsest {

struct SequenceScore {
  double cross_entropy = 0;                     ///< mean over questions, in nats
  double accuracy = 0;                          ///< share of questions that are right
  double sequence_accuracy = 0;                 ///< share of sequences with all questions right
  std::optional<double> cross_entropy_error{};  ///< standard errors; empty of one sequence
  std::optional<double> accuracy_error{};
  /// Accuracy by the quarter of its sequence's length that lies between a question and its answer, nearest first; empty
  /// where there was none.
  std::array<std::optional<double>, 4> accuracy_by_distance{};
};

class SequenceScorer {
 public:
  /// A sequence of at least one question: for each its cross entropy, whether it was right, and how many tokens ago,
  /// from 1 to length − 1, its answer was written.
  void add(const std::vector<double>& losses, const std::vector<bool>& rights, const std::vector<int>& distances,
           Index length) {
    assert(!losses.empty() && losses.size() == rights.size() && losses.size() == distances.size());
    loss_.begin_sequence();
    right_.begin_sequence();
    bool all_right = true;
    for (std::size_t n = 0; n < losses.size(); ++n) {
      assert(distances[n] >= 1 && distances[n] < length);
      loss_.add(losses[n]);
      right_.add(rights[n]);
      auto& [right, count] = by_distance_[static_cast<std::size_t>((distances[n] - 1) * 4 / length)];
      right += rights[n], ++count;
      all_right = all_right && rights[n];
    }
    ++sequences_;
    all_right_ += all_right;
  }

  SequenceScore score() const {
    SequenceScore score{loss_.value(), right_.value(), all_right_ / sequences_, loss_.error(), right_.error()};
    for (std::size_t part = 0; part < by_distance_.size(); ++part)
      if (const auto& [right, count] = by_distance_[part]; count > 0) score.accuracy_by_distance[part] = right / count;
    return score;
  }

 private:
  struct Share {
    double right = 0, count = 0;
  };

  RatioAverage loss_, right_;
  std::array<Share, 4> by_distance_{};
  double sequences_ = 0, all_right_ = 0;
};

}  // namespace palimpsest
