// When a point counts as stored: `final_loss <= 0.001`, `accuracy >= 0.99`. What a search and a capacity go by.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace palimpsest::sweep {

struct Criterion {
  enum Metric { final_loss, accuracy };
  Metric metric;
  double bound;  ///< final_loss must not be above it, accuracy not below

  bool operator==(const Criterion&) const = default;
  /// A point without a value, or with NaN, fails.
  bool fulfilled(std::optional<double> value) const;
};

/// The column that the criterion reads.
std::string_view column_name(const Criterion& criterion);

/// `final_loss <= 0.001`: the shortest text that reads back as the same.
std::string to_text(const Criterion& criterion);

/// Blanks don't matter. Throws ConfigurationError unless it is `final_loss <= X`, 0 <= X < 0.5 (which answering nothing
/// has), or `accuracy >= X`, 0 < X <= 1.
Criterion parse_criterion(std::string_view text);

}  // namespace palimpsest::sweep
