#include "palimpsest/sweep/judge/criterion.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <numbers>

#include "palimpsest/sweep/judge/student_t.hpp"

namespace palimpsest::sweep {
namespace {

std::string_view column_name(const Criterion& criterion) {
  return criterion.metric == Criterion::final_loss ? "final_loss" : "accuracy";
}

}  // namespace

bool fulfils(const Measured& point, const Criterion& criterion) {
  if (criterion.metric == Criterion::accuracy) return point.accuracy && *point.accuracy >= criterion.bound;
  if (!point.final_loss) return false;
  if (*point.final_loss <= criterion.bound) return true;
  const Index n = point.evaluation_sequences;
  if (!point.best_loss || !(*point.best_loss <= criterion.bound) || !point.final_loss_error || n < 2) return false;
  const double error = std::numbers::sqrt2 * *point.final_loss_error;
  return *point.final_loss <= criterion.bound + student_quantile(0.999, static_cast<double>(n - 1)) * error;
}

std::string to_text(const Criterion& criterion) {
  return fmt::format("{} {} {}", column_name(criterion),
                     criterion.metric == Criterion::final_loss ? "<=" : ">=", criterion.bound);
}

Criterion parse_criterion(std::string_view text) {
  std::string dense(text);
  std::erase(dense, ' ');
  for (const auto metric : {Criterion::final_loss, Criterion::accuracy}) {
    Criterion criterion{metric, 0};
    const auto prefix = fmt::format("{}{}", column_name(criterion), metric == Criterion::final_loss ? "<=" : ">=");
    if (!dense.starts_with(prefix)) continue;
    const auto* end = dense.data() + dense.size();
    const auto read = std::from_chars(dense.data() + prefix.size(), end, criterion.bound);
    const double x = criterion.bound;
    const bool in_range = metric == Criterion::final_loss ? x >= 0 && x < 0.5 : x > 0 && x <= 1;
    if (read.ec == std::errc{} && read.ptr == end && in_range) return criterion;
  }
  throw ConfigurationError(fmt::format(
      "criterion '{}': allowed is 'final_loss <= X' with 0 <= X < 0.5, or 'accuracy >= X' with 0 < X <= 1", text));
}

}  // namespace palimpsest::sweep
