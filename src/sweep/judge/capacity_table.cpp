#include "palimpsest/sweep/judge/capacity_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "palimpsest/core/text.hpp"
#include "palimpsest/sweep/rows/csv.hpp"
#include "palimpsest/sweep/rows/table.hpp"

namespace palimpsest::sweep {
namespace {

std::string number(const std::optional<double>& value) { return value ? number_text(*value) : ""; }

/// One definition of the columns beside the curve's.
struct Column {
  std::string_view name, type, meaning;
  std::string (*text)(const CapacityEstimate&);
  bool always = true;  ///< if not, a file has it where a row does
};

const std::vector<Column>& columns() {
  using E = CapacityEstimate;
  static const std::vector<Column> all = {
      {"criterion", "string", "what a point must fulfil to count as stored: exact `final_loss` or `accuracy`",
       [](const E& e) { return to_text(e.criterion); }},
      {"seeds", "integer", "seeds of the curve", [](const E& e) { return fmt::format("{}", e.seeds); }},
      {"by_margin", "integer",
       "of them, seeds whose capacity fulfils it by a margin alone: an evaluation during training met it, and the "
       "final "
       "one doesn't, but no further from it than their errors allow",
       [](const E& e) { return fmt::format("{}", e.by_margin); }},
      {"capacity", "number", "largest size that fulfils it, averaged over seeds; 0 for a seed of which none does",
       [](const E& e) { return number(e.capacity); }},
      {"capacity_low", "number",
       "lower end of the 95 % interval of the mean over seeds; empty of one seed, and where no seed failed above its "
       "capacity",
       [](const E& e) { return number(e.low); }},
      {"capacity_high", "number", "upper end; empty (open) where a seed is censored above, too",
       [](const E& e) { return number(e.high); }},
      {"failing", "number",
       "least size above the capacity that was tried and failed, averaged over the seeds that have one",
       [](const E& e) { return number(e.failing); }},
      {"censored", "string",
       "`above`: the largest size of a seed still passed, the capacity is higher; `below`: the smallest size of a seed "
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
       "floats kept at the capacity. Of tasks of pairs, from the last write to the first query: S×p, p more for an "
       "accumulator, p×p "
       "for rls; L×(d + S) for softmax. Of tasks of tokens, the column `state_floats` of the results. A random "
       "projection is shared "
       "by all sequences and not counted",
       [](const E& e) { return number(e.state_floats); }},
      {"associations_per_float", "number", "pairs (distinct keys) held at the capacity, by state_floats",
       [](const E& e) { return number(e.associations_per_float); }},
      {"bits", "number",
       "information about the values that the answers hold at the capacity, at least (Fano's bound); empty where "
       "answers are sets, or "
       "of stories with other kinds of questions than `one_fact`",
       [](const E& e) { return number(e.bits); }},
      {"bits_per_float", "number", "bits by state_floats", [](const E& e) { return number(e.bits_per_float); }},
      {"least_of_all", "number",
       "where the search takes the best value of a parameter (`best_of`): the capacity of the worst one, of the seeds "
       "that it "
       "ran with; the row is the best one's, and its interval leaves that choice out",
       [](const E& e) { return number(e.least_of_all); }},
      {"most_of_all", "number", "the largest of them", [](const E& e) { return number(e.most_of_all); }},
      {"loss_at_twice", "number",
       "final_loss at twice the seed's capacity, averaged over the seeds that have a row there; empty where none has",
       [](const E& e) { return number(e.loss_at_twice); }},
      {"loss_at_twice_deviation", "number", "standard deviation of that over these seeds; empty of one",
       [](const E& e) { return number(e.loss_at_twice_deviation); }},
      {"random_keys", "integer",
       "pairs that the sum rule holds by a criterion of accuracy of random unit keys and values of these sizes, "
       "without training, in closed form; only in files that have frozen ones, in one layer of one head",
       [](const E& e) { return e.random_keys ? fmt::format("{}", *e.random_keys) : ""; }, false},
  };
  return all;
}

/// `>=`, or another sign, before what is only a bound.
std::string capacity_text(const CapacityEstimate& row, std::string_view at_least) {
  const bool above = row.censored == "above" || row.censored == "both";
  return fmt::format("{}{:.1f}", above ? at_least : "", row.capacity);
}

std::string interval_text(const CapacityEstimate& row, std::string_view at_least, std::string_view to) {
  std::string text;
  if (row.low)
    text =
        row.high ? fmt::format("{:.1f}{}{:.1f}", *row.low, to, *row.high) : fmt::format("{}{:.1f}", at_least, *row.low);
  if (row.bimodal) text += text.empty() ? "bimodal" : " bimodal";
  return text;
}

template <class T>
std::string cell(fmt::format_string<const T&> format, const std::optional<T>& value) {
  return value ? fmt::format(format, *value) : "";
}

std::string milliseconds(const CapacityEstimate& row) {
  return row.step_seconds ? fmt::format("{:.3g}", 1e3 * *row.step_seconds) : "";
}

/// What the curves of a file are called in a table that has no column for each parameter.
class Names {
 public:
  explicit Names(const CapacityEstimates& estimates) : columns_(estimates.curve_columns) {
    for (const auto& row : estimates.rows) alike_[own(row)].push_back(&row);
  }

  /// `elu`; `favor:64, redraw fixed, scale d^-1/4` where redraw and scale tell it from others of its kernel.
  std::string operator()(const CapacityEstimate& row) const {
    auto name = own(row);
    const auto& alike = alike_.at(name);
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (columns_[i] == "kernel" || columns_[i] == "feature_dim" || row.curve[i].empty()) continue;
      const bool differs =
          std::any_of(alike.begin(), alike.end(), [&](auto* r) { return r->curve[i] != row.curve[i]; });
      if (differs) name += fmt::format(", {} {}", columns_[i], row.curve[i]);
    }
    return name;
  }

  /// The value that all rows have of a column; empty if there is none.
  std::string common(const CapacityEstimates& estimates, std::string_view column) const {
    const auto i = position(column);
    if (!i) return "";
    const auto& value = estimates.rows.front().curve[*i];
    const auto& rows = estimates.rows;
    return std::all_of(rows.begin(), rows.end(), [&](const auto& row) { return row.curve[*i] == value; }) ? value : "";
  }

 private:
  std::optional<std::size_t> position(std::string_view column) const {
    const auto found = std::find(columns_.begin(), columns_.end(), column);
    if (found == columns_.end()) return std::nullopt;
    return static_cast<std::size_t>(found - columns_.begin());
  }

  std::string own(const CapacityEstimate& row) const {
    const auto kernel = position("kernel");
    return kernel && !row.curve[*kernel].empty() ? row.curve[*kernel] : row.curve[*position("memory")];
  }

  const std::vector<std::string>& columns_;
  std::map<std::string, std::vector<const CapacityEstimate*>> alike_;
};

}  // namespace

std::string to_csv(const CapacityEstimates& estimates) {
  auto written = columns();
  std::erase_if(written, [&](const Column& column) {
    return !column.always &&
           std::ranges::all_of(estimates.rows, [&](const auto& row) { return column.text(row).empty(); });
  });
  auto header = estimates.curve_columns;
  for (const auto& column : written) header.emplace_back(column.name);
  std::string text = csv_line(header) + '\n';
  for (const auto& row : estimates.rows) {
    auto fields = row.curve;
    for (const auto& column : written) fields.push_back(column.text(row));
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
  const bool beyond = std::any_of(rows.begin(), rows.end(), [](const auto& row) { return row.loss_at_twice; });
  const bool timed = std::any_of(rows.begin(), rows.end(), [](const auto& row) { return row.step_seconds; });
  for (const auto i : shown) table[0].push_back(estimates.curve_columns[i]);
  for (const auto* title : {"criterion", "capacity", "95 %", "failing", "limit", "/p", "pairs/float", "bits/float"})
    table[0].emplace_back(title);
  if (beyond) table[0].emplace_back("loss at twice");
  const bool best = std::any_of(rows.begin(), rows.end(), [](const auto& row) { return row.least_of_all; });
  if (best) table[0].emplace_back("worst to best");
  if (timed) table[0].emplace_back("ms/step");
  for (const auto& row : rows) {
    auto& line = table.emplace_back();
    for (const auto i : shown) line.push_back(row.curve[i]);
    line.push_back(to_text(row.criterion));
    line.push_back(capacity_text(row, ">="));
    line.push_back(interval_text(row, ">=", "-"));
    line.push_back(cell("{:.1f}", row.failing));
    line.push_back(cell("{}", row.limit));
    line.push_back(cell("{:.3f}", row.per_feature));
    line.push_back(fmt::format("{:.5f}", row.associations_per_float));
    line.push_back(cell("{:.5f}", row.bits_per_float));
    if (beyond) line.push_back(cell("{:.5f}", row.loss_at_twice));
    if (best) line.push_back(row.least_of_all ? fmt::format("{:.1f}-{:.1f}", *row.least_of_all, *row.most_of_all) : "");
    if (timed) line.push_back(milliseconds(row));
  }
  auto text = aligned(table);
  if (std::any_of(rows.begin(), rows.end(), [](const auto& row) { return row.bimodal; }))
    text += "bimodal: seeds fall into two groups, and no interval of a few of them is right\n";
  Index seeds = 0, by_margin = 0;
  for (const auto& row : rows) seeds += row.seeds, by_margin += row.by_margin;
  if (by_margin > 0)
    text += fmt::format(
        "{} of {} capacities of a seed are by margin: the final evaluation is below the criterion, but no further than "
        "errors allow\n",
        by_margin, seeds);
  return text;
}

std::string to_markdown(const CapacityEstimates& estimates) {
  const auto& rows = estimates.rows;
  const Names names(estimates);
  const auto d = names.common(estimates, "key_dim");
  const bool several =
      std::any_of(rows.begin(), rows.end(), [&](const auto& row) { return row.criterion != rows.front().criterion; });
  std::vector<std::vector<std::string>> table{{"memory", d.empty() ? "capacity" : "capacity at d = " + d, "95 %",
                                               "bound", "capacity per feature", "pairs per float of state",
                                               "loss at twice the capacity", "ms per step"}};
  if (several) table[0].insert(table[0].begin() + 1, "criterion");
  for (const auto& row : rows) {
    auto& line = table.emplace_back();
    line.push_back(names(row));
    if (several) line.push_back(to_text(row.criterion));
    line.push_back(capacity_text(row, "≥ "));
    line.push_back(interval_text(row, "≥ ", "–"));
    line.push_back(cell("{}", row.limit));
    line.push_back(cell("{:.3f}", row.per_feature));
    line.push_back(fmt::format("{:.4f}", row.associations_per_float));
    line.push_back(cell("{:.4f}", row.loss_at_twice) + cell(" ± {:.4f}", row.loss_at_twice_deviation));
    line.push_back(milliseconds(row));
    for (auto& field : line)
      if (field.empty()) field = "—";
  }
  return markdown(table);
}

std::string capacity_schema() {
  std::vector<std::vector<std::string>> table{{"column", "type", "meaning"}};
  for (const auto& column : columns())
    table.push_back({fmt::format("`{}`", column.name), std::string(column.type), std::string(column.meaning)});
  return markdown(table);
}

}  // namespace palimpsest::sweep
