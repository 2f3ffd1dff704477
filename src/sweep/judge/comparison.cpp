#include "palimpsest/sweep/judge/comparison.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "palimpsest/core/types.hpp"
#include "palimpsest/sweep/judge/student_t.hpp"
#include "palimpsest/sweep/plan/parameter.hpp"

namespace palimpsest::sweep {
namespace {

bool identifies(const std::string& column) {
  if (column == "seed") return false;
  return column == "feature_dim" ||
         std::any_of(parameters().begin(), parameters().end(), [&](const auto& p) { return p.name == column; });
}

using Points = std::vector<std::pair<std::vector<std::string>, Comparison::Side>>;

/// The points of one file, in its order.
Points points(const Table& table, const Table& other, const std::vector<std::string>& key_columns,
              const std::string& metric, const ComparisonRequest& request) {
  const auto value = table.at(metric);
  const auto memory = other.find("memory") ? std::nullopt : table.find("memory");
  const auto status = table.find("status"), seed = table.find("seed");
  std::vector<std::size_t> own;  // parameters that the other file lacks
  for (std::size_t i = 0; i < table.columns.size(); ++i)
    if (identifies(table.columns[i]) && !other.find(table.columns[i])) own.push_back(i);
  Points all;
  std::map<std::vector<std::string>, std::size_t> index;
  std::map<std::vector<std::string>, const Table::Row*> first;
  std::map<std::pair<std::vector<std::string>, std::string>, std::size_t> lines;  // of each point and seed
  for (const auto& row : table.rows) {
    if (status && row.fields[*status] == "skipped") continue;
    const bool wanted = std::all_of(request.where.begin(), request.where.end(), [&](const auto& condition) {
      const auto column = table.find(condition.first);
      return !column || row.fields[*column] == condition.second;
    });
    if (!wanted) continue;
    std::vector<std::string> key;
    for (const auto& column : key_columns) {
      auto field = row.fields[table.at(column)];
      if (memory && field.empty() && (column == "kernel" || column == "rule")) field = row.fields[*memory];
      key.push_back(std::move(field));
    }
    const auto [at, is_new] = index.try_emplace(key, all.size());
    if (is_new) {
      all.push_back({key, {}});
      first[key] = &row;
    }
    for (const auto i : own)
      if (row.fields[i] != first[key]->fields[i])
        throw ConfigurationError(fmt::format(
            "{}:{}: matches line {} but for '{}' ('{}' and '{}'), which '{}' lacks; choose one by --where {}=VALUE",
            table.path.native(), row.line, first[key]->line, table.columns[i], row.fields[i], first[key]->fields[i],
            other.path.native(), table.columns[i]));
    if (seed) {
      const auto [line, is_first] = lines.try_emplace({key, row.fields[*seed]}, row.line);
      if (!is_first)
        throw ConfigurationError(fmt::format("{}:{}: seed {} of this point is already in line {}", table.path.native(),
                                             row.line, row.fields[*seed], line->second));
    }
    auto& side = all[at->second].second;
    const auto x = table.number(row, value);
    if (x && std::isfinite(*x) && (!status || row.fields[*status] == "ok"))
      side.values.push_back(*x);
    else
      ++side.lost;
  }
  return all;
}

bool negligible(const Comparison::Pair& pair, const ComparisonRequest& request) {
  return std::abs(pair.a.mean()) <= request.negligible && std::abs(pair.b.mean()) <= request.negligible;
}

/// That of Student's t with the spread pooled from both sides, of which one at least has several values.
double p_value(const Comparison::Side& a, const Comparison::Side& b) {
  const auto n = static_cast<double>(a.values.size()), m = static_cast<double>(b.values.size());
  const double squares = (n - 1) * a.deviation() * a.deviation() + (m - 1) * b.deviation() * b.deviation();
  const double difference = std::abs(a.mean() - b.mean());
  if (difference <= 1e-12 * std::abs(a.mean())) return 1;  // rounding of means, beside a spread that may be 0
  return student_two_sided(difference / std::sqrt(squares / (n + m - 2) * (1 / n + 1 / m)), n + m - 2);
}

/// `S=20 kernel=elu`: what tells the point from the others.
std::string point_name(const Comparison& comparison, const Comparison::Pair& pair) {
  std::string name;
  for (std::size_t i = 0; i < pair.key.size(); ++i)
    if (std::any_of(comparison.pairs.begin(), comparison.pairs.end(),
                    [&](const auto& p) { return p.key[i] != pair.key[i]; }))
      name += fmt::format("{}{}={}", name.empty() ? "" : " ", comparison.key_columns[i], pair.key[i]);
  return name.empty() ? "all" : name;
}

std::string text(const Comparison::Side& side) {
  if (side.values.empty()) return "diverged";
  auto text = fmt::format("{:.5f}", side.mean());
  if (side.values.size() > 1) text += fmt::format(" +- {:.5f} ({})", side.deviation(), side.values.size());
  if (side.lost > 0) text += fmt::format(", {} diverged", side.lost);
  return text;
}

}  // namespace

double Comparison::Side::mean() const {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double Comparison::Side::deviation() const {
  if (values.size() < 2) return 0;
  double squares = 0;
  for (const double x : values) squares += (x - mean()) * (x - mean());
  return std::sqrt(squares / static_cast<double>(values.size() - 1));
}

Comparison compare(const Table& a, const Table& b, const ComparisonRequest& request) {
  if (!(request.level > 0 && request.level < 1))
    throw ConfigurationError(fmt::format("level {}: allowed is a number between 0 and 1", request.level));
  if (!(request.negligible >= 0) || !std::isfinite(request.negligible))
    throw ConfigurationError(fmt::format("negligible {}: allowed is a finite number from 0", request.negligible));
  for (const auto& [column, value] : request.where)
    if (!a.find(column) && !b.find(column))
      throw ConfigurationError(fmt::format("--where {}={}: neither file has this column", column, value));
  Comparison comparison;
  for (const auto& column : a.columns)
    if (identifies(column) && b.find(column)) comparison.key_columns.push_back(column);
  const auto ours = points(a, b, comparison.key_columns, request.metric_a, request);
  const auto theirs = points(b, a, comparison.key_columns, request.metric_b, request);
  const std::map<std::vector<std::string>, Comparison::Side> partners(theirs.begin(), theirs.end());
  for (const auto& [key, side] : ours) {
    const auto partner = partners.find(key);
    if (partner == partners.end())
      ++comparison.only_a;
    else
      comparison.pairs.push_back({key, side, partner->second, std::nullopt});
  }
  comparison.only_b = partners.size() - comparison.pairs.size();
  if (comparison.pairs.empty())
    throw ConfigurationError(fmt::format("no point of '{}' is in '{}'; they are matched by: {}", a.path.native(),
                                         b.path.native(), fmt::join(comparison.key_columns, ", ")));
  mark(comparison.pairs, request);
  return comparison;
}

void mark(std::vector<Comparison::Pair>& pairs, const ComparisonRequest& request) {
  std::vector<double> sorted;
  for (auto& pair : pairs) {
    const auto n = pair.a.values.size(), m = pair.b.values.size();
    if (n == 0 || m == 0) {
      pair.differs = n != m;
    } else if (!negligible(pair, request)) {
      if (n + m > 2)
        sorted.push_back(*(pair.p = p_value(pair.a, pair.b)));
      else
        pair.differs = pair.a.mean() != pair.b.mean();
    }
  }
  std::sort(sorted.begin(), sorted.end());
  double largest = -1;
  for (std::size_t k = 1; k <= sorted.size(); ++k)
    if (sorted[k - 1] <= request.level * static_cast<double>(k) / static_cast<double>(sorted.size()))
      largest = sorted[k - 1];
  for (auto& pair : pairs)
    if (pair.p) pair.differs = *pair.p <= largest;
}

std::string missing(const Comparison& comparison) {
  std::vector<std::string> parts;
  if (comparison.only_a > 0) parts.push_back(fmt::format("b lacks {} points of a", comparison.only_a));
  if (comparison.only_b > 0) parts.push_back(fmt::format("a lacks {} points of b", comparison.only_b));
  const Comparison::Pair* first = nullptr;
  std::size_t fewer_a = 0, fewer_b = 0;
  for (const auto& pair : comparison.pairs) {
    fewer_a += pair.a.values.size() < pair.b.values.size();
    fewer_b += pair.b.values.size() < pair.a.values.size();
    if (!first && pair.a.values.size() != pair.b.values.size()) first = &pair;
  }
  for (const auto& [side, points] : {std::pair("a", fewer_a), std::pair("b", fewer_b)})
    if (points > 0) parts.push_back(fmt::format("{} has fewer usable seeds at {} points", side, points));
  auto text = fmt::format("{}", fmt::join(parts, ", "));
  if (first)
    text += fmt::format(" ({}: {} in a, {} in b)", point_name(comparison, *first), first->a.values.size(),
                        first->b.values.size());
  return text;
}

std::string to_text(const Comparison& comparison) {
  const auto& pairs = comparison.pairs;
  std::vector<std::size_t> shown;
  for (std::size_t i = 0; i < comparison.key_columns.size(); ++i)
    if (std::any_of(pairs.begin(), pairs.end(), [&](const auto& p) { return p.key[i] != pairs.front().key[i]; }))
      shown.push_back(i);
  std::vector<std::vector<std::string>> cells(1);
  cells[0].emplace_back("");
  for (const auto i : shown) cells[0].push_back(comparison.key_columns[i]);
  for (const auto* title : {"a", "b", "b - a"}) cells[0].emplace_back(title);
  for (const auto& pair : pairs) {
    auto& line = cells.emplace_back();
    line.emplace_back(pair.differs ? "*" : "");
    for (const auto i : shown) line.push_back(pair.key[i]);
    line.push_back(text(pair.a));
    line.push_back(text(pair.b));
    const bool both = !pair.a.values.empty() && !pair.b.values.empty();
    line.push_back(both ? fmt::format("{:+.5f}", pair.b.mean() - pair.a.mean()) : "");
  }
  const auto different = std::count_if(pairs.begin(), pairs.end(), [](const auto& pair) { return pair.differs; });
  return aligned(cells) + fmt::format("{} points in both, {} differ (*); {} only in a, {} only in b\n", pairs.size(),
                                      different, comparison.only_a, comparison.only_b);
}

}  // namespace palimpsest::sweep
