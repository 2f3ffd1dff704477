#include "trace/setup.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "palimpsest/core/text.hpp"
#include "palimpsest/memory/fast_weight_parts.hpp"
#include "palimpsest/trace/source.hpp"
#include "palimpsest/train/parts.hpp"

namespace palimpsest::trace {
namespace {

constexpr std::string_view kDistinct = "distinct";
constexpr Index kMostWrites = 100'000'000, kMostRows = 1'000'000, kMostKeys = 100'000, kMostDistinct = 20'000;

void require(std::string_view name, Index value, Index low, Index high) {
  if (value < low || value > high)
    throw ConfigurationError(fmt::format("{} = {}: allowed is an integer from {} to {}", name, value, low, high));
}

std::string listed(std::string_view name, const std::string& value, std::initializer_list<std::string_view> known) {
  if (std::find(known.begin(), known.end(), value) == known.end())
    throw ConfigurationError(
        fmt::format("unknown {} '{}'; known: {}", name, value, fmt::join(known.begin(), known.end(), ", ")));
  return value;
}

std::vector<Index> recorded(Index writes, std::optional<Index> rows) {
  std::vector<Index> all;
  if (!rows || *rows >= writes) {
    require("rows", writes, 1, kMostRows);
    for (Index t = 1; t <= writes; ++t) all.push_back(t);
    return all;
  }
  require("rows", *rows, 1, kMostRows);
  const double step = *rows > 1 ? std::log(static_cast<double>(writes)) / static_cast<double>(*rows - 1) : 0;
  for (Index i = 0; i + 1 < *rows; ++i) {
    const auto t = static_cast<Index>(std::llround(std::exp(step * static_cast<double>(i))));
    if (all.empty() || t > all.back()) all.push_back(t);
  }
  if (all.empty() || writes > all.back()) all.push_back(writes);
  return all;
}

Index parse_values(const std::string& text, Index writes) {
  if (text == kDistinct) {
    if (writes > kMostDistinct)
      throw ConfigurationError(fmt::format(
          "values = distinct keeps a row of the state a write: T is {}, allowed is up to {}", writes, kMostDistinct));
    return writes;
  }
  const auto value = parse<Index>(text);
  if (!value || *value < 1 || *value > kMostKeys)
    throw ConfigurationError(
        fmt::format("values = {}: allowed is '{}' or an integer from 1 to {}", text, kDistinct, kMostKeys));
  return *value;
}

/// Those of the request: one that is a parameter goes into the configuration, which judges it, and the others are returned.
FixedGates fix_gates(const Request& request, std::span<const Gate> gates, Configuration& configuration) {
  const std::map<std::string_view, std::string*> parameters{
      {"beta", &configuration.beta}, {"alpha", &configuration.alpha}, {"ridge", &configuration.ridge}};
  FixedGates fixed;
  for (const auto& [name, text] : request.gates) {
    const int at = index_of(gates, name);
    if (at < 0) {
      std::vector<std::string_view> known;
      for (const Gate& gate : gates) known.push_back(gate.name);
      throw ConfigurationError(fmt::format("rule '{}' has no gate '{}'; known: {}", configuration.rule, name,
                                           known.empty() ? "none" : fmt::format("{}", fmt::join(known, ", "))));
    }
    if (text == kLearnt && request.model.empty())
      throw ConfigurationError(
          fmt::format("{} = {}: random keys learn nothing; give a number, or a model", name, kLearnt));
    if (const auto parameter = parameters.find(name); parameter != parameters.end()) {
      *parameter->second = text;
      continue;
    }
    const bool constant = gates[static_cast<std::size_t>(at)].constant;
    const auto value = parse<double>(text);
    if (!value || !std::isfinite(*value) || (!constant && (*value < 0 || *value > 1)))
      throw ConfigurationError(
          fmt::format("{} = {}: allowed is a number{}", name, text, constant ? "" : " from 0 to 1"));
    fixed[name] = *value;
  }
  return fixed;
}

}  // namespace

Setup resolve(const Request& request) {
  Setup setup;
  Configuration& configuration = setup.configuration;
  const bool trained = !request.model.empty();
  if (trained) {
    configuration = point_of(request.model);
  } else {
    listed("draw", request.draw, {"normal", "unit"});
    require("keys", request.keys, 1, kMostKeys);
    require("key_dim", request.key_dim, 1, kMostKeys);
    configuration.kernel = "elu";
    configuration.rule = "delta";
    configuration.normalization = "attention";
    configuration.beta = configuration.alpha = std::string("1");  // GCC 12 warns of a literal (its bug 105651)
    configuration.key_dim = request.key_dim;
    configuration.S = configuration.L = request.keys;
    configuration.seed = request.seed;
  }
  for (const auto& [text, field] : {std::pair{&request.kernel, &configuration.kernel},
                                    {&request.rule, &configuration.rule},
                                    {&request.normalization, &configuration.normalization}})
    if (!text->empty()) *field = *text;
  const auto rule = make_component<Rules<float>>("rule", configuration.rule);
  setup.gates = gates_of(rule);
  const FixedGates given = fix_gates(request, setup.gates, configuration);
  require("T", request.writes, 1, kMostWrites);
  setup.precision = make_component<Precisions>("precision", request.precision);
  validate(configuration);
  if (const auto reason = reason_to_skip(configuration)) throw ConfigurationError(*reason);
  if (trained && applies("redraw", configuration))
    throw ConfigurationError(
        fmt::format("kernel '{}' draws random features, which a saved model does not hold", configuration.kernel));
  setup.model = request.model;
  setup.source = trained ? "trained" : request.draw;
  setup.keys = configuration.S;
  setup.distinct = !trained && request.values == kDistinct;
  setup.values = trained ? configuration.S : parse_values(request.values, request.writes);
  setup.writes = request.writes;
  setup.rows = recorded(request.writes, request.rows);
  setup.seed = request.seed;
  setup.fixed = std::get<FastWeight<float>>(make_memory(configuration)).fixed_gates();
  setup.fixed.insert(given.begin(), given.end());
  setup.sums_values = traits_of(rule).linear_in_values;
  const Index n = std::visit([](const auto& r) { return r.steps_per_write(); }, rule);
  setup.tables = trained ? trained_tables(request.model, configuration)
                         : random_tables(setup.keys, configuration.key_dim, n, request.draw == "unit", request.seed);
  return setup;
}

}  // namespace palimpsest::trace
