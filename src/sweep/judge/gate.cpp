#include "palimpsest/sweep/judge/gate.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <set>
#include <sstream>

#include "palimpsest/core/types.hpp"
#include "palimpsest/sweep/rows/row.hpp"

#include <external/toml.hpp>  // the last one: it undefines NDEBUG

namespace palimpsest::sweep {
namespace {

class Reader {
 public:
  explicit Reader(const std::string& source) : source_(source) {}

  std::vector<Gate> read(const toml::table& root) const {
    std::vector<Gate> gates;
    for (const auto& [key, node] : root) {
      if (key != "gate") fail(key.source(), fmt::format("unknown key '{}'; known: gate", key.str()));
      if (!node.is_array_of_tables()) fail(node.source(), "'gate' must be tables, each headed [[gate]]");
      for (const auto& element : *node.as_array()) gates.push_back(gate(*element.as_table()));
    }
    std::set<std::string> names;
    for (const auto& gate : gates)
      if (!names.insert(gate.tier + '/' + gate.name).second)
        throw ConfigurationError(fmt::format("{}: tier '{}' has two gates '{}'", gate.place, gate.tier, gate.name));
    return gates;
  }

 private:
  [[noreturn]] void fail(const toml::source_region& where, std::string_view message) const {
    throw ConfigurationError(fmt::format("{}:{}: {}", source_, where.begin.line, message));
  }

  Gate gate(const toml::table& table) const {
    Gate gate;
    gate.place = fmt::format("{}:{}", source_, table.source().begin.line);
    for (const auto& [key, node] : table) {
      if (key == "name" || key == "tier" || key == "metric" || key == "reason") {
        auto& field = key == "name"     ? gate.name
                      : key == "tier"   ? gate.tier
                      : key == "metric" ? gate.metric
                                        : gate.reason;
        if (!node.is_string()) fail(node.source(), fmt::format("'{}' must be a string", key.str()));
        field = **node.as_string();
      } else if (key == "min" || key == "max") {
        const auto value = node.value<double>();
        if (!value || !std::isfinite(*value))
          fail(node.source(), fmt::format("'{}' must be a finite number", key.str()));
        (key == "min" ? gate.min : gate.max) = *value;
      } else if (key == "rows") {
        if (!node.is_integer() || **node.as_integer() < 1) fail(node.source(), "'rows' must be an integer from 1");
        gate.rows = static_cast<std::size_t>(**node.as_integer());
      } else if (key == "best") {
        if (!node.is_boolean()) fail(node.source(), "'best' must be true or false");
        gate.best = **node.as_boolean();
      } else if (key == "select") {
        if (!node.is_table()) fail(node.source(), "'select' must be a table of column = value");
        for (const auto& [column, value] : *node.as_table())
          gate.select.emplace_back(column.str(), cell(column, value));
      } else {
        fail(key.source(),
             fmt::format("unknown key '{}'; known: name, tier, select, rows, best, metric, min, max, reason",
                         key.str()));
      }
    }
    for (const auto& [field, key] : {std::pair(&gate.name, "name"), {&gate.metric, "metric"}, {&gate.reason, "reason"}})
      if (field->empty()) fail(table.source(), fmt::format("the gate needs '{}'", key));
    if (std::ranges::find(gate_tiers, gate.tier) == gate_tiers.end())
      fail(table.source(), fmt::format("tier '{}': allowed is {}", gate.tier, fmt::join(gate_tiers, ", ")));
    if (gate.select.empty()) fail(table.source(), "the gate needs 'select', at least one column = value");
    if (!gate.min && !gate.max) fail(table.source(), "the gate needs 'min' or 'max'");
    if (gate.min && gate.max && *gate.min > *gate.max)
      fail(table.source(), fmt::format("min {} is above max {}", *gate.min, *gate.max));
    return gate;
  }

  /// As the results write it.
  std::string cell(const toml::key& column, const toml::node& value) const {
    std::string text;
    if (value.is_string())
      text = **value.as_string();
    else if (value.is_boolean())
      text = **value.as_boolean() ? "true" : "false";
    else if (value.is_integer())
      text = fmt::format("{}", **value.as_integer());
    else if (value.is_floating_point())
      text = fmt::format("{}", **value.as_floating_point());
    else
      fail(value.source(), fmt::format("select.{} must be a string, a number or a boolean", column.str()));
    text = canonical_cell(column.str(), text);
    if (const auto problem = problem_of_cell(column.str(), text); !problem.empty()) fail(value.source(), problem);
    return text;
  }

  const std::string& source_;
};

/// To the nearest bound; negative beyond it.
double margin(const Gate& gate, double value) {
  double least = INFINITY;
  if (gate.max) least = std::min(least, *gate.max - value);
  if (gate.min) least = std::min(least, value - *gate.min);
  return least;
}

GateResult check(const Gate& gate, const Table& results) {
  GateResult result;
  result.gate = gate;
  try {
    std::vector<std::pair<std::size_t, const std::string*>> wanted;
    for (const auto& [column, value] : gate.select) wanted.emplace_back(results.at(column), &value);
    const auto metric = results.at(gate.metric);
    const auto status = results.find("status");
    for (const auto& row : results.rows) {
      if (!std::all_of(wanted.begin(), wanted.end(), [&](auto& w) { return row.fields[w.first] == *w.second; }))
        continue;
      ++result.rows;
      const auto value = results.number(row, metric);
      const bool ok = !status || row.fields[*status] == "ok";
      if (!ok && gate.best) continue;
      if (!ok)
        result.problem = fmt::format("line {} is {}", row.line, row.fields[*status]);
      else if (!value || !std::isfinite(*value))
        result.problem = fmt::format("line {} has no {}", row.line, gate.metric);
      if (!value || !std::isfinite(*value)) continue;
      const double here = margin(gate, *value);
      if (result.margin && (gate.best ? here <= *result.margin : here >= *result.margin)) continue;
      result.worst = value;
      result.margin = here;
    }
  } catch (const ConfigurationError& error) {
    throw ConfigurationError(fmt::format("{}: {}", gate.place, error.what()));
  }
  if (result.rows < gate.rows)
    result.problem = fmt::format("{} rows match, {} needed", result.rows, gate.rows);
  else if (result.problem.empty() && !result.margin)
    result.problem = "no row is ok";
  else if (result.problem.empty() && *result.margin < 0)
    result.problem = fmt::format("{} is {:.6g}", gate.metric, *result.worst);
  return result;
}

std::string bounds(const Gate& gate) {
  std::string text;
  if (gate.min) text += fmt::format(">= {}", *gate.min);
  if (gate.max) text += fmt::format("{}<= {}", text.empty() ? "" : " ", *gate.max);
  return text;
}

std::string selector(const Gate& gate) {
  std::string text;
  for (const auto& [column, value] : gate.select)
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", column, value);
  return text;
}

std::string xml(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        escaped += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  }
  return escaped;
}

std::size_t count_red(const std::vector<GateResult>& results) {
  return static_cast<std::size_t>(
      std::count_if(results.begin(), results.end(), [](const auto& r) { return !r.problem.empty(); }));
}

}  // namespace

std::vector<Gate> parse_gates(std::string_view text, const std::string& source) {
  return Reader(source).read(parse_toml(text, source));
}

std::vector<Gate> load_gates(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  if (std::filesystem::is_directory(path) || !file || !(text << file.rdbuf()))
    throw ConfigurationError(fmt::format("cannot read the gates '{}'", path.native()));
  return parse_gates(text.str(), path.native());
}

std::vector<GateResult> check(const std::vector<Gate>& gates, std::string_view tier, const Table& results) {
  std::vector<GateResult> all;
  for (const auto& gate : gates)
    if (gate.tier == tier) all.push_back(check(gate, results));
  if (all.empty()) throw ConfigurationError(fmt::format("no gate is of tier '{}'", tier));
  return all;
}

std::string to_text(const std::vector<GateResult>& results) {
  std::vector<std::vector<std::string>> cells = {{"", "gate", "metric", "worst", "bound", "margin", "rows"}};
  for (const auto& r : results)
    cells.push_back({r.problem.empty() ? "green" : "RED", r.gate.name, r.gate.metric,
                     r.worst ? fmt::format("{:.6g}", *r.worst) : "-", bounds(r.gate),
                     r.margin ? fmt::format("{:.3g}", *r.margin) : "-", fmt::format("{}", r.rows)});
  std::string text = aligned(cells);
  for (const auto& r : results)
    if (!r.problem.empty())
      text += fmt::format("{}: {} ({}): {}, where {} holds: {}\n", r.gate.place, r.gate.name, selector(r.gate),
                          r.problem, bounds(r.gate), r.gate.reason);
  const auto red = count_red(results);
  return text + fmt::format("{} gates: {} green, {} red\n", results.size(), results.size() - red, red);
}

std::string to_junit(const std::vector<GateResult>& results) {
  std::string text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  text += fmt::format("<testsuite name=\"gates\" tests=\"{}\" failures=\"{}\">\n", results.size(), count_red(results));
  for (const auto& r : results) {
    text += fmt::format("  <testcase classname=\"gates.{}\" name=\"{}\">\n", xml(r.gate.tier), xml(r.gate.name));
    if (!r.problem.empty())
      text += fmt::format("    <failure message=\"{}\">{}</failure>\n", xml(r.problem), xml(r.gate.reason));
    text += fmt::format("    <system-out>{} {}, worst {}, rows {}</system-out>\n  </testcase>\n", xml(r.gate.metric),
                        xml(bounds(r.gate)), r.worst ? fmt::format("{}", *r.worst) : "none", r.rows);
  }
  return text + "</testsuite>\n";
}

}  // namespace palimpsest::sweep
