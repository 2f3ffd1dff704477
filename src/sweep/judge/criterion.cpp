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
  // As losses: the lower the better.
  const bool loss = criterion.metric == Criterion::final_loss;
  const double sign = loss ? 1 : -1, bound = sign * criterion.bound;
  const auto& value = loss ? point.final_loss : point.accuracy;
  const auto& in_training = loss ? point.best_loss : point.reached_accuracy;
  const auto& error = loss ? point.final_loss_error : point.accuracy_error;
  if (!value) return false;
  if (sign * *value <= bound) return true;
  const Index n = point.evaluation_sequences;
  if (!in_training || !(sign * *in_training <= bound) || !error || n < 2) return false;
  const double margin = student_quantile(0.999, static_cast<double>(n - 1)) * std::numbers::sqrt2 * *error;
  return sign * *value <= bound + margin;
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
