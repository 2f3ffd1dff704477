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

/// As a loss: the lower the better.
double as_loss(double value, const Criterion& criterion) {
  return criterion.metric == Criterion::final_loss ? value : -value;
}

const std::optional<double>& value_of(const Measured& point, const Criterion& criterion) {
  return criterion.metric == Criterion::final_loss ? point.final_loss : point.accuracy;
}

}  // namespace

bool meets(const Measured& point, const Criterion& criterion) {
  const auto& value = value_of(point, criterion);
  return value && as_loss(*value, criterion) <= as_loss(criterion.bound, criterion);
}

bool fulfils(const Measured& point, const Criterion& criterion) {
  if (meets(point, criterion)) return true;
  const bool loss = criterion.metric == Criterion::final_loss;
  const double bound = as_loss(criterion.bound, criterion);
  const auto& value = value_of(point, criterion);
  const auto& in_training = loss ? point.best_loss : point.reached_accuracy;
  const auto& error = loss ? point.final_loss_error : point.accuracy_error;
  const Index n = point.evaluation_sequences;
  if (!value || !in_training || !(as_loss(*in_training, criterion) <= bound) || !error || n < 2) return false;
  const double margin = student_quantile(0.999, static_cast<double>(n - 1)) * std::numbers::sqrt2 * *error;
  return as_loss(*value, criterion) <= bound + margin;
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
