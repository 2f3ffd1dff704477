// When a point counts as stored: `final_loss <= 0.001`, `accuracy >= 0.99`. What a search and a capacity go by.
//
// Training stops at an evaluation loss of `tolerance`, which is often the criterion too: another evaluation of the same
// parameters is then as likely above it as below. So that noise doesn't decide, a point also has a final loss ≤ x if
//   best_loss ≤ x   (an evaluation during training, on n sequences, met it), and
//   final_loss ≤ x + t_{n−1}(0.999)·√2·final_loss_error   (the final one, on n others, doesn't contradict it):
// the difference of two means of n sequences each has √2 times the standard error of one, which is known from n losses.
// 0.999 and not 0.95, because the evaluation that stopped training was picked for being low. An accuracy ≥ x, where training
// stops at a target of x or more, is judged alike.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "palimpsest/core/types.hpp"

namespace palimpsest::sweep {

struct Criterion {
  enum Metric { final_loss, accuracy };
  Metric metric;
  double bound;  ///< final_loss must not be above it, accuracy not below

  bool operator==(const Criterion&) const = default;
};

/// What a row says of its point. A value that the row, or its file, lacks is empty.
struct Measured {
  std::optional<double> final_loss = {}, accuracy = {};
  std::optional<double> best_loss = {}, final_loss_error = {};       ///< without them final_loss is taken as it is
  Index evaluation_sequences = 0;                                    ///< n
  std::optional<double> reached_accuracy = {}, accuracy_error = {};  ///< what an evaluation during training stopped at

  bool operator==(const Measured&) const = default;
};

/// Whether its value itself meets the criterion.
bool meets(const Measured& point, const Criterion& criterion);

/// The same, or by a margin as said above. A point without a value, or with NaN, fails.
bool fulfils(const Measured& point, const Criterion& criterion);

/// `final_loss <= 0.001`: the shortest text that reads back as the same.
std::string to_text(const Criterion& criterion);

/// Blanks don't matter. Throws ConfigurationError unless it is `final_loss <= X`, 0 <= X < 0.5 (which answering nothing
/// has), or `accuracy >= X`, 0 < X <= 1.
Criterion parse_criterion(std::string_view text);

}  // namespace palimpsest::sweep
