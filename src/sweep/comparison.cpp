#include "palimpsest/sweep/comparison.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "palimpsest/core/types.hpp"
#include "palimpsest/sweep/parameter.hpp"

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
  const auto status = table.find("status");
  std::vector<std::size_t> own;  // parameters that the other file lacks
  for (std::size_t i = 0; i < table.columns.size(); ++i)
    if (identifies(table.columns[i]) && !other.find(table.columns[i])) own.push_back(i);
  Points all;
  std::map<std::vector<std::string>, std::size_t> index;
  std::map<std::vector<std::string>, const Table::Row*> first;
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
    auto& side = all[at->second].second;
    const auto x = table.number(row, value);
    if (x && std::isfinite(*x))
      side.values.push_back(*x);
    else
      ++side.lost;
  }
  return all;
}

bool differs(const Comparison::Side& a, const Comparison::Side& b, const ComparisonRequest& request) {
  if (a.values.empty() || b.values.empty()) return a.values.empty() != b.values.empty();
  if (std::abs(a.mean()) <= request.negligible && std::abs(b.mean()) <= request.negligible) return false;
  const auto n = static_cast<double>(a.values.size()), m = static_cast<double>(b.values.size());
  const double squares = (n - 1) * a.deviation() * a.deviation() + (m - 1) * b.deviation() * b.deviation();
  const double pooled = n + m > 2 ? std::sqrt(squares / (n + m - 2)) : 0;
  return std::abs(a.mean() - b.mean()) > request.errors * pooled * std::sqrt(1 / n + 1 / m);
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
      comparison.pairs.push_back({key, side, partner->second, differs(side, partner->second, request)});
  }
  comparison.only_b = partners.size() - comparison.pairs.size();
  if (comparison.pairs.empty())
    throw ConfigurationError(fmt::format("no point of '{}' is in '{}'; they are matched by: {}", a.path.native(),
                                         b.path.native(), fmt::join(comparison.key_columns, ", ")));
  return comparison;
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
