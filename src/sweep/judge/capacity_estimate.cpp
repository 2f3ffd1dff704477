#include "palimpsest/sweep/judge/capacity_estimate.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "palimpsest/sweep/judge/capacity_rows.hpp"
#include "palimpsest/sweep/judge/student_t.hpp"
#include "palimpsest/theory/delta_bound.hpp"
#include "palimpsest/theory/random_recall.hpp"
#include "palimpsest/theory/rank_bound.hpp"
#include "palimpsest/theory/stored_bits.hpp"
#include "palimpsest/train/configuration.hpp"
#include "palimpsest/train/parts.hpp"

namespace palimpsest::sweep {
namespace {

/// The largest S of which the loss bound fulfils the criterion. Accuracy has none: a state of rank 3 can give any number
/// of keys, on a circle, their values the largest outputs.
std::optional<Index> capacity_limit(const TrainedPoint& any, std::string_view length, const Criterion& criterion) {
  if (of_tokens(any.configuration))
    return std::nullopt;  // a question has one answer of a vocabulary, not its value itself
  if (!any.p || criterion.metric != Criterion::final_loss || criterion.bound > 0.499) return std::nullopt;
  const Index p = *any.p;
  if (!any.configuration.replacement) return theory::rank_bound_capacity(p, criterion.bound);
  if (!length.ends_with('S')) return std::nullopt;
  const Index multiple = any.configuration.L / any.configuration.S;
  const auto holds = [&](Index S) {
    return theory::delta_bound(S, multiple * S, p, theory::equal_queries) <= criterion.bound;
  };
  Index good = p, bad = 2 * p;
  while (holds(bad)) good = std::exchange(bad, 2 * bad);
  while (bad - good > 1) (holds(good + (bad - good) / 2) ? good : bad) = good + (bad - good) / 2;
  return good;
}

/// Different values that a pair may have, or places where somebody may be.
Index values_of(const Configuration& c) {
  if (!of_tokens(c)) return c.S;
  if (family_of(c) == Family::questions) return std::get<QuestionAnswering>(make_token_tasks(c, true)[0].task).places();
  return sequence_options(c).pairs ? c.vocabulary : c.vocabulary / 2;
}

/// Values that the memory was asked to keep, and their entropy in bits, if each is an answer of its own.
struct Associations {
  double count;
  std::optional<double> entropy;
};

Associations associations(const Configuration& c) {
  if (family_of(c) == Family::questions) {  // of one fact, where each actor is; others are answered with other things
    const auto entities = static_cast<double>(c.entities);
    if (question_answering::parse_kinds(c.kinds) != std::vector{question_answering::Kind::one_fact})
      return {entities, std::nullopt};
    return {entities, entities * std::log2(static_cast<double>(values_of(c)))};
  }
  if (of_tokens(c)) {  // values are distinct
    const auto task = make_token_tasks(c, true)[0].task;
    const bool sets = std::visit([](const auto& t) { return t.targets_per_question(); }, task) > 1;
    return {static_cast<double>(c.pairs),
            sets ? std::nullopt : std::optional(theory::permutation_entropy(values_of(c), c.pairs))};
  }
  if (!c.replacement) return {static_cast<double>(c.L), theory::permutation_entropy(c.S, c.L)};
  const auto S = static_cast<double>(c.S);
  const double distinct = S * (1 - std::pow(1 - 1 / S, static_cast<double>(c.L)));
  return {distinct, distinct * std::log2(S)};
}

/// What the sum rule answers so well of keys that nobody learns; of a model that could use them as they are.
std::optional<Index> random_key_capacity(const Configuration& c, const Criterion& criterion) {
  if (!of_tokens(c) || criterion.metric != Criterion::accuracy) return std::nullopt;
  if (!c.frozen || c.embedding != "unit_sphere" || c.layers != 1 || c.heads != 1 || c.key_dim < 2 || c.conv > 1 ||
      c.mlp || c.passes != 1 || !sequence_options(c).pairs)
    return std::nullopt;
  return theory::sum_rule_capacity(criterion.bound, values_of(c), c.key_dim, c.width);
}

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

/// Squared deviations from the mean, by n − 1.
double variance(const std::vector<double>& values) {
  const double center = mean(values);
  double squares = 0;
  for (const double value : values) squares += (value - center) * (value - center);
  return squares / static_cast<double>(values.size() - 1);
}

using Sizes = std::map<Index, TrainedPoint>;

/// What tells of the capacity.
Sizes without_beyond(const Sizes& all) {
  auto sizes = all;
  std::erase_if(sizes, [](const auto& size) { return size.second.beyond; });
  return sizes;
}

CapacityEstimate estimate(const CapacityCurve& curve, const Criterion& criterion) {
  CapacityEstimate e;
  e.curve = curve.fields;
  e.criterion = criterion;
  e.seeds = std::ssize(curve.seeds);
  std::vector<double> capacity, floats, per_float, bits, bits_per_float, at_twice, step_seconds;
  std::vector<Bracket> brackets;
  bool above = false, below = false;
  for (const auto& [seed, all] : curve.seeds) {
    const auto sizes = without_beyond(all);
    const auto last = std::find_if(sizes.rbegin(), sizes.rend(),
                                   [&](const auto& size) { return fulfils(size.second.measured, criterion); });
    const auto next = last.base();  // the first size if none passes
    above |= next == sizes.end();
    auto& bracket = brackets.emplace_back();
    if (next != sizes.end()) bracket.failing = static_cast<double>(next->first);
    if (last == sizes.rend()) {
      below = true;
      for (auto* values : {&capacity, &per_float, &bits, &bits_per_float}) values->push_back(0);
      continue;
    }
    const auto& [S, trained] = *last;
    e.by_margin += !meets(trained.measured, criterion);
    const auto [count, entropy] = associations(trained.configuration);
    const auto state =
        static_cast<double>(trained.state_floats ? *trained.state_floats : state_floats(trained.configuration));
    capacity.push_back(bracket.capacity = static_cast<double>(S));
    floats.push_back(state);
    per_float.push_back(count / state);
    if (entropy) {
      bits.push_back(theory::stored_bits(values_of(trained.configuration), count, *entropy,
                                         trained.measured.accuracy.value_or(0)));
      bits_per_float.push_back(bits.back() / state);
    }
    if (const auto twice = all.find(2 * S); twice != all.end() && twice->second.measured.final_loss)
      at_twice.push_back(*twice->second.measured.final_loss);
    if (trained.step_seconds) step_seconds.push_back(*trained.step_seconds);
  }
  e.capacity = mean(capacity);
  std::vector<double> failing;
  for (const auto& bracket : brackets)
    if (bracket.failing) failing.push_back(*bracket.failing);
  if (!failing.empty()) e.failing = mean(failing);
  e.bimodal = is_bimodal(brackets);
  e.censored = above && below ? "both" : above ? "above" : below ? "below" : "";
  const auto& any = curve.seeds.begin()->second.begin()->second;
  e.limit = capacity_limit(any, curve.length, criterion);
  e.random_keys = random_key_capacity(any.configuration, criterion);
  std::tie(e.low, e.high) = capacity_interval(brackets);
  if (e.high && e.limit) e.high = std::max(std::min(*e.high, static_cast<double>(*e.limit)), e.capacity);
  if (any.p) e.per_feature = e.capacity / static_cast<double>(*any.p);
  e.state_floats = floats.empty() ? 0 : mean(floats);
  e.associations_per_float = mean(per_float);
  if (std::ssize(bits) == e.seeds) e.bits = mean(bits), e.bits_per_float = mean(bits_per_float);
  if (!at_twice.empty()) e.loss_at_twice = mean(at_twice);
  if (at_twice.size() > 1) e.loss_at_twice_deviation = std::sqrt(variance(at_twice));
  if (!step_seconds.empty()) e.step_seconds = mean(step_seconds);
  return e;
}

/// Of curves that differ in this column alone, the one that holds most, on average over its seeds, and the capacities of all.
void keep_best(std::string_view column, CapacityEstimates& estimates) {
  const auto& names = estimates.curve_columns;
  const auto at = std::find(names.begin(), names.end(), column);
  if (at == names.end()) return;
  const auto index = at - names.begin();
  std::vector<CapacityEstimate> best;
  for (auto& row : estimates.rows) {
    const auto found = std::ranges::find_if(best, [&](const auto& other) {
      auto alike = other.curve;
      alike[index] = row.curve[index];
      return alike == row.curve && other.criterion == row.criterion;
    });
    row.least_of_all = row.most_of_all = row.capacity;
    if (found == best.end()) {
      best.push_back(std::move(row));
      continue;
    }
    const double least = std::min(*found->least_of_all, row.capacity),
                 most = std::max(*found->most_of_all, row.capacity);
    // More seeds say that the search went on with it; of as many, the larger capacity.
    if (std::pair(row.seeds, row.capacity) > std::pair(found->seeds, found->capacity)) *found = std::move(row);
    found->least_of_all = least, found->most_of_all = most;
  }
  estimates.rows = std::move(best);
}

}  // namespace

std::vector<Criterion> default_criteria() {
  return {{Criterion::final_loss, 0.001}, {Criterion::accuracy, 0.99}, {Criterion::accuracy, 0.5}};
}

CapacityEstimates estimate_capacity(const Table& results, const std::vector<Criterion>& criteria,
                                    const Beside& beside) {
  auto [columns, curves] = read_curves(results, beside);
  CapacityEstimates estimates{std::move(columns), {}};
  for (const auto& curve : curves)
    for (const auto& criterion : criteria) estimates.rows.push_back(estimate(curve, criterion));
  if (beside.search && !beside.search->best_of.empty()) keep_best(beside.search->best_of, estimates);
  return estimates;
}

std::pair<std::optional<double>, std::optional<double>> capacity_interval(const std::vector<Bracket>& seeds) {
  std::vector<double> capacity, failing;
  double rounding = 0;
  for (const auto& seed : seeds) {
    capacity.push_back(seed.capacity);
    if (!seed.failing) continue;
    failing.push_back(*seed.failing);
    rounding += (*seed.failing - seed.capacity) * (*seed.failing - seed.capacity) / 12;
  }
  const auto n = static_cast<double>(seeds.size());
  if (n < 2 || failing.empty()) return {};
  rounding /= static_cast<double>(failing.size());
  const double t = student_quantile(0.975, n - 1);
  const auto margin = [&](const std::vector<double>& values) {
    return t * std::sqrt((variance(values) + rounding) / n);
  };
  const double low = std::max(0.0, mean(capacity) - margin(capacity));
  if (failing.size() < seeds.size()) return {low, std::nullopt};
  return {low, mean(failing) + margin(failing)};
}

bool is_bimodal(std::vector<Bracket> seeds) {
  if (seeds.size() < 3) return false;
  std::sort(seeds.begin(), seeds.end(), [](const auto& a, const auto& b) { return a.capacity < b.capacity; });
  double failing = 0;  // of those below i
  for (std::size_t i = 1; i < seeds.size() && seeds[i - 1].failing; ++i) {
    failing = std::max(failing, *seeds[i - 1].failing);
    const double gap = seeds[i].capacity - failing;
    const double lower = seeds[i - 1].capacity - seeds.front().capacity,
                 upper = seeds.back().capacity - seeds[i].capacity;
    if (seeds[i].capacity >= 2 * failing && gap >= 2 * std::max(lower, upper)) return true;
  }
  return false;
}

}  // namespace palimpsest::sweep
