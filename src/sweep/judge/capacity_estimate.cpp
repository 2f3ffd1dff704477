#include "palimpsest/sweep/judge/capacity_estimate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "palimpsest/core/text.hpp"
#include "palimpsest/sweep/rows/csv.hpp"
#include "palimpsest/sweep/plan/parameter.hpp"
#include "palimpsest/sweep/judge/student_t.hpp"
#include "palimpsest/theory/delta_bound.hpp"
#include "palimpsest/theory/rank_bound.hpp"
#include "palimpsest/theory/stored_bits.hpp"
#include "palimpsest/train/configuration.hpp"

namespace palimpsest::sweep {
namespace {

struct Trained {
  Configuration configuration;
  std::optional<Index> p;  // the dimension that mapped keys span
  Measured measured;       // nothing of a diverged point
  bool operator==(const Trained&) const = default;
};

struct Curve {
  std::vector<std::string> fields;
  std::string length;  // L, as a multiple of S if it is one
  std::map<std::uint64_t, std::map<Index, Trained>> seeds;
};

/// The rows as points, curve by curve. L is no part of what tells them apart yet.
class Reader {
 public:
  explicit Reader(const Table& table) : table_(table) {
    for (const auto* name : {"S", "L", "seed", "memory", "feature_dim", "status", "final_loss", "accuracy"})
      table.at(name);
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      const auto& name = table.columns[i];
      const bool parameter =
          std::any_of(parameters().begin(), parameters().end(), [&](auto& p) { return p.name == name; });
      if (parameter) parameters_.push_back(i);
      if (name != "S" && name != "seed" && (parameter || name == "feature_dim")) curve_.push_back(i);
    }
  }

  std::vector<std::string> curve_columns() const {
    std::vector<std::string> names;
    for (const auto i : curve_) names.push_back(table_.columns[i]);
    return names;
  }

  std::vector<Curve> curves() const {
    const auto lengths = lengths_of_curves();
    std::vector<Curve> curves;
    std::map<std::vector<std::string>, std::size_t> index;
    for (const auto& row : table_.rows) {
      if (!was_trained(row)) continue;
      const auto trained = read(row);
      auto fields = curve_fields(row);
      const auto& c = trained.configuration;
      const auto L = length(lengths.at(fields_without_length(row)), c);
      fields[length_position()] = L;
      const auto [at, is_new] = index.try_emplace(fields, curves.size());
      if (is_new) curves.push_back({std::move(fields), L, {}});
      const auto [kept, first] = curves[at->second].seeds[c.seed].try_emplace(c.S, trained);
      if (!first && kept->second != trained)
        throw ConfigurationError(
            fmt::format("{}:{}: a second, different row of this point", table_.path.native(), row.line));
    }
    if (curves.empty()) throw ConfigurationError(fmt::format("'{}' has no trained point", table_.path.native()));
    return curves;
  }

 private:
  bool was_trained(const Table::Row& row) const {
    const auto& status = row.fields[table_.at("status")];
    return status == "ok" || status == "diverged";
  }

  std::vector<std::string> curve_fields(const Table::Row& row) const {
    std::vector<std::string> fields;
    for (const auto i : curve_) fields.push_back(row.fields[i]);
    return fields;
  }

  std::size_t length_position() const {
    return static_cast<std::size_t>(std::find(curve_.begin(), curve_.end(), table_.at("L")) - curve_.begin());
  }

  std::vector<std::string> fields_without_length(const Table::Row& row) const {
    auto fields = curve_fields(row);
    fields[length_position()].clear();
    return fields;
  }

  /// Of the curves that only L may tell apart, the (S, L) that they have.
  std::map<std::vector<std::string>, std::set<std::pair<Index, Index>>> lengths_of_curves() const {
    std::map<std::vector<std::string>, std::set<std::pair<Index, Index>>> lengths;
    for (const auto& row : table_.rows) {
      if (!was_trained(row)) continue;
      const auto c = read(row).configuration;
      lengths[fields_without_length(row)].insert({c.S, c.L});
    }
    return lengths;
  }

  /// `2S`, unless L is the same number for different S.
  static std::string length(const std::set<std::pair<Index, Index>>& sizes, const Configuration& c) {
    const auto [S, L] = *sizes.begin();
    const bool constant =
        std::all_of(sizes.begin(), sizes.end(), [L = L](const auto& size) { return size.second == L; });
    if ((constant && sizes.size() > 1) || c.L % c.S != 0) return fmt::format("{}", c.L);
    return c.L == c.S ? "S" : fmt::format("{}S", c.L / c.S);
  }

  Trained read(const Table::Row& row) const {
    Trained trained;
    try {
      for (const auto i : parameters_)
        if (!row.fields[i].empty()) find_parameter(table_.columns[i]).set(trained.configuration, row.fields[i]);
    } catch (const ConfigurationError& error) {
      throw ConfigurationError(fmt::format("{}:{}: {}", table_.path.native(), row.line, error.what()));
    }
    if (const auto p = table_.number(row, table_.at("feature_dim"))) {
      trained.p = static_cast<Index>(*p);
      if (table_.find("key_dim")) trained.p = std::min(*trained.p, rank(trained.configuration).value_or(*trained.p));
    }
    const auto needed = [&](std::string_view column) { return table_.needed(row, table_.at(column)); };
    const auto number = [&](std::string_view column) {
      const auto at = table_.find(column);
      return at ? table_.number(row, *at) : std::nullopt;
    };
    if (row.fields[table_.at("status")] == "ok")
      trained.measured = {needed("final_loss"), needed("accuracy"), number("best_loss"), number("final_loss_error"),
                          trained.configuration.evaluation_sequences};
    return trained;
  }

  const Table& table_;
  std::vector<std::size_t> parameters_, curve_;
};

/// The largest S of which the loss bound fulfils the criterion. Accuracy has none: a state of rank 3 can give any number
/// of keys, on a circle, their values the largest outputs.
std::optional<Index> capacity_limit(const Trained& any, std::string_view length, const Criterion& criterion) {
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

/// Values that the memory was asked to keep, and their entropy in bits.
std::pair<double, double> associations(const Configuration& c) {
  if (!c.replacement) return {static_cast<double>(c.L), theory::permutation_entropy(c.S, c.L)};
  const auto S = static_cast<double>(c.S);
  const double distinct = S * (1 - std::pow(1 - 1 / S, static_cast<double>(c.L)));
  return {distinct, distinct * std::log2(S)};
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

CapacityEstimate estimate(const Curve& curve, const Criterion& criterion) {
  CapacityEstimate e;
  e.curve = curve.fields;
  e.criterion = criterion;
  e.seeds = std::ssize(curve.seeds);
  std::vector<double> capacity, floats, per_float, bits, bits_per_float;
  std::vector<Bracket> brackets;
  bool above = false, below = false;
  for (const auto& [seed, sizes] : curve.seeds) {
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
    const auto [count, entropy] = associations(trained.configuration);
    const auto state = static_cast<double>(state_floats(trained.configuration));
    capacity.push_back(bracket.capacity = static_cast<double>(S));
    floats.push_back(state);
    per_float.push_back(count / state);
    bits.push_back(theory::stored_bits(S, count, entropy, trained.measured.accuracy.value_or(0)));
    bits_per_float.push_back(bits.back() / state);
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
  std::tie(e.low, e.high) = capacity_interval(brackets);
  if (e.high && e.limit) e.high = std::max(std::min(*e.high, static_cast<double>(*e.limit)), e.capacity);
  if (any.p) e.per_feature = e.capacity / static_cast<double>(*any.p);
  e.state_floats = floats.empty() ? 0 : mean(floats);
  e.associations_per_float = mean(per_float);
  e.bits = mean(bits);
  e.bits_per_float = mean(bits_per_float);
  return e;
}

std::string number(const std::optional<double>& value) { return value ? number_text(*value) : ""; }

/// One definition of the columns beside the curve's.
struct Column {
  std::string_view name, type, meaning;
  std::string (*text)(const CapacityEstimate&);
};

const std::vector<Column>& columns() {
  using E = CapacityEstimate;
  static const std::vector<Column> all = {
      {"criterion", "string", "what a point must fulfil to count as stored: exact `final_loss` or `accuracy`",
       [](const E& e) { return to_text(e.criterion); }},
      {"seeds", "integer", "seeds of the curve", [](const E& e) { return fmt::format("{}", e.seeds); }},
      {"capacity", "number", "largest S that fulfils it, meaned over seeds; 0 for a seed of which none does",
       [](const E& e) { return number(e.capacity); }},
      {"capacity_low", "number",
       "lower end of the 95 % interval of the mean over seeds; empty of one seed, and where no seed failed above its "
       "capacity",
       [](const E& e) { return number(e.low); }},
      {"capacity_high", "number", "upper end; empty (open) where a seed is censored above, too",
       [](const E& e) { return number(e.high); }},
      {"failing", "number", "least S above the capacity that was tried and failed, meaned over the seeds that have one",
       [](const E& e) { return number(e.failing); }},
      {"censored", "string",
       "`above`: the largest S of a seed still passed, the capacity is higher; `below`: the smallest S of a seed "
       "failed; `both`; else empty",
       [](const E& e) { return e.censored; }},
      {"bimodal", "boolean",
       "whether seeds fall into two groups, one that holds at least twice as much as the other: no interval of a few "
       "seeds "
       "is right there",
       [](const E& e) { return std::string(e.bimodal ? "true" : "false"); }},
      {"limit", "integer",
       "largest S that a memory with p features can hold by the rank bound; empty for accuracy, which the bound "
       "doesn't limit, and for memories that keep every pair",
       [](const E& e) { return e.limit ? fmt::format("{}", *e.limit) : ""; }},
      {"capacity_per_feature", "number",
       "capacity/p, p being the dimension that mapped keys span where that is less than `feature_dim`",
       [](const E& e) { return number(e.per_feature); }},
      {"state_floats", "number",
       "floats kept from the last write to the first query, at the capacity: S×p, p more for an accumulator, p×p for "
       "rls; L×(d + S) for softmax. A random projection is shared by all sequences and not counted",
       [](const E& e) { return number(e.state_floats); }},
      {"associations_per_float", "number", "pairs (distinct keys) held at the capacity, by state_floats",
       [](const E& e) { return number(e.associations_per_float); }},
      {"bits", "number", "information about the values that the answers hold at the capacity, at least (Fano's bound)",
       [](const E& e) { return number(e.bits); }},
      {"bits_per_float", "number", "bits by state_floats", [](const E& e) { return number(e.bits_per_float); }},
  };
  return all;
}

}  // namespace

std::vector<Criterion> default_criteria() {
  return {{Criterion::final_loss, 0.001}, {Criterion::accuracy, 0.99}, {Criterion::accuracy, 0.5}};
}

CapacityEstimates estimate_capacity(const Table& results, const std::vector<Criterion>& criteria) {
  const Reader reader(results);
  CapacityEstimates estimates{reader.curve_columns(), {}};
  for (const auto& curve : reader.curves())
    for (const auto& criterion : criteria) estimates.rows.push_back(estimate(curve, criterion));
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

std::string to_csv(const CapacityEstimates& estimates) {
  auto header = estimates.curve_columns;
  for (const auto& column : columns()) header.emplace_back(column.name);
  std::string text = csv_line(header) + '\n';
  for (const auto& row : estimates.rows) {
    auto fields = row.curve;
    for (const auto& column : columns()) fields.push_back(column.text(row));
    text += csv_line(fields) + '\n';
  }
  return text;
}

std::string to_text(const CapacityEstimates& estimates) {
  std::vector<std::vector<std::string>> table(1);
  const auto& rows = estimates.rows;
  std::vector<std::size_t> shown;
  for (std::size_t i = 0; i < estimates.curve_columns.size(); ++i)
    if (std::any_of(rows.begin(), rows.end(), [&](const auto& row) { return row.curve[i] != rows.front().curve[i]; }))
      shown.push_back(i);
  for (const auto i : shown) table[0].push_back(estimates.curve_columns[i]);
  for (const auto* title : {"criterion", "capacity", "95 %", "failing", "limit", "/p", "pairs/float", "bits/float"})
    table[0].emplace_back(title);
  for (const auto& row : rows) {
    auto& line = table.emplace_back();
    for (const auto i : shown) line.push_back(row.curve[i]);
    line.push_back(to_text(row.criterion));
    const bool above = row.censored == "above" || row.censored == "both";
    line.push_back(fmt::format("{}{:.1f}", above ? ">=" : "", row.capacity));
    std::string interval;
    if (row.low)
      interval = row.high ? fmt::format("{:.1f}-{:.1f}", *row.low, *row.high) : fmt::format(">={:.1f}", *row.low);
    line.push_back(interval + (row.bimodal ? " bimodal" : ""));
    line.push_back(row.failing ? fmt::format("{:.1f}", *row.failing) : "");
    line.push_back(row.limit ? fmt::format("{}", *row.limit) : "");
    line.push_back(row.per_feature ? fmt::format("{:.3f}", *row.per_feature) : "");
    line.push_back(fmt::format("{:.5f}", row.associations_per_float));
    line.push_back(fmt::format("{:.5f}", row.bits_per_float));
  }
  auto text = aligned(table);
  if (std::any_of(rows.begin(), rows.end(), [](const auto& row) { return row.bimodal; }))
    text += "bimodal: seeds fall into two groups, and no interval of a few of them is right\n";
  return text;
}

std::string capacity_schema() {
  std::string table = "| column | type | meaning |\n|---|---|---|\n";
  for (const auto& column : columns())
    table += fmt::format("| `{}` | {} | {} |\n", column.name, column.type, column.meaning);
  return table;
}

}  // namespace palimpsest::sweep
