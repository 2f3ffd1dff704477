#include "palimpsest/train/configuration.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "palimpsest/memory/all.hpp"
#include "palimpsest/model/all.hpp"
#include "palimpsest/task/all.hpp"
#include "palimpsest/train/schedule.hpp"

namespace palimpsest {
namespace {

using Real = float;
using KernelVariant = Kernels<Real>::Variant;
using NormalizationVariant = Normalizations<Real>::Variant;
using RuleVariant = Rules<Real>::Variant;

constexpr std::string_view kEvaluations = "exact, published_2021";
constexpr std::string_view kScales = "none, d^-1/4";
constexpr std::string_view kRedraws = "fixed, every_step, every:n";

struct Protocol {
  std::string_view name, schedule;
  double learning_rate;
  Index max_steps, patience;
  Index warmup;
  double improvement, cooldown;
};

constexpr std::array protocols = {Protocol{"fast", "cooldown", 5e-3, 6000, 3, 300, 0.005, 0.5},
                                  Protocol{"patient", "cooldown", 5e-3, 10'000, 6, 300, 0.005, 0.5},
                                  Protocol{"published_2021", "constant", 1e-3, 100'000, 11, 0, 0, 0.5}};

[[noreturn]] void unknown(std::string_view kind, std::string_view value, std::string_view allowed) {
  throw ConfigurationError(fmt::format("unknown {} '{}'; known: {}", kind, value, allowed));
}

template <class List>
bool is_listed(std::string_view name) {
  bool found = false;
  List::for_each([&]<class C>() { found |= C::name == name; });
  return found;
}

template <class List>
void require_listed(std::string_view kind, std::string_view name) {
  if (!is_listed<List>(name)) unknown(kind, name, known<List>());
}

KernelVariant make_kernel(const Configuration& configuration) {
  return make_component<Kernels<Real>>("kernel", configuration.kernel);
}

NormalizationVariant make_normalization(const Configuration& configuration) {
  return make_component<Normalizations<Real>>("normalization", configuration.normalization);
}

RuleVariant make_rule(const Configuration& configuration) {
  return make_component<Rules<Real>>("rule", configuration.rule);
}

bool uses_strength(const Configuration& configuration) {
  return std::visit([]<class R>(const R&) { return R::uses_strength; }, make_rule(configuration));
}

bool uses_decay(const Configuration& configuration) {
  return std::visit([]<class R>(const R&) { return R::uses_decay; }, make_rule(configuration));
}

/// What the gate is fixed at; nothing if it is learnt. Throws unless that is a number in [0, largest].
std::optional<double> fixed_gate(std::string_view name, const std::string& text, double largest) {
  if (text == kLearnt) return std::nullopt;
  double value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !(value >= 0 && value <= largest))
    throw ConfigurationError(
        fmt::format("{} = {}: allowed is '{}' or a number from 0 to {}", name, text, kLearnt, largest));
  return value;
}

bool is_random(const KernelVariant& kernel) {
  return std::visit([]<class K>(const K&) { return RandomKernel<K, Real>; }, kernel);
}

bool is_nonnegative(const KernelVariant& kernel) {
  return std::visit([]<class K>(const K&) { return K::nonnegative; }, kernel);
}

bool has_positive_products(const KernelVariant& kernel) {
  return std::visit(
      []<class K>(const K&) {
        return requires { requires K::positive_products; };
      },
      kernel);
}

void require_positive(std::string_view name, Index value) {
  if (value < 1) throw ConfigurationError(fmt::format("{} = {}: must be at least 1", name, value));
}

bool accumulates(const Configuration& configuration) {
  return std::visit([]<class N>(const N&) { return N::accumulates; }, make_normalization(configuration));
}

}  // namespace

void follow_protocol(std::string_view name, Configuration& configuration) {
  const auto protocol = std::ranges::find(protocols, name, &Protocol::name);
  if (protocol == protocols.end()) {
    std::vector<std::string_view> names;
    for (const auto& known : protocols) names.push_back(known.name);
    unknown("protocol", name, fmt::format("{}", fmt::join(names, ", ")));
  }
  configuration.schedule = protocol->schedule;
  configuration.learning_rate = protocol->learning_rate;
  configuration.max_steps = protocol->max_steps;
  configuration.patience = protocol->patience;
  configuration.warmup = protocol->warmup;
  configuration.improvement = protocol->improvement;
  configuration.cooldown = protocol->cooldown;
}

bool is_softmax(const Configuration& configuration) { return configuration.memory == SoftmaxMemory<Real>::name; }

FixedGates fixed_gates(const Configuration& configuration) {
  const double largest = std::visit([]<class R>(const R&) { return R::largest_strength; }, make_rule(configuration));
  return {fixed_gate("beta", configuration.beta, largest).value_or(1),
          fixed_gate("alpha", configuration.alpha, 1).value_or(1)};
}

std::optional<Index> feature_dim(const Configuration& configuration) {
  if (is_softmax(configuration)) return std::nullopt;
  return std::visit([&](const auto& kernel) { return kernel.feature_dim(configuration.key_dim); },
                    make_kernel(configuration));
}

std::optional<Index> rank(const Configuration& configuration) {
  if (is_softmax(configuration)) return std::nullopt;
  const Index d = configuration.key_dim;
  return std::visit(
      [d]<class K, class N>(const K& kernel, const N&) -> Index {
        const Index features = palimpsest::rank<Real>(kernel, d);
        if constexpr (requires { N::rank(features, features, features); })
          return N::rank(kernel.feature_dim(d), features, rank_of_squares<Real>(kernel, d));
        return features;
      },
      make_kernel(configuration), make_normalization(configuration));
}

TokenShape token_shape(const Configuration& configuration) {
  TokenShape shape{configuration.S, configuration.key_dim};
  if (is_softmax(configuration)) return shape;
  shape.steps_a_write = std::visit([](const auto& rule) { return rule.steps_a_write(); }, make_rule(configuration));
  shape.strength = uses_strength(configuration) && configuration.beta == kLearnt;
  shape.decay = uses_decay(configuration) && configuration.alpha == kLearnt;
  return shape;
}

Index redraw_interval(const std::string& redraw) {
  if (redraw == "fixed") return 0;
  if (redraw == "every_step") return 1;
  Index n = 0;
  const std::string_view text = redraw;
  if (text.starts_with("every:")) {
    const auto [end, error] = std::from_chars(text.data() + 6, text.data() + text.size(), n);
    if (error == std::errc{} && end == text.data() + text.size() && n >= 1) return n;
  }
  unknown("redraw", redraw, kRedraws);
}

void validate(const Configuration& configuration) {
  require_listed<Tasks>("task", configuration.task);
  AssociativeRetrieval(configuration.S, configuration.L, configuration.replacement);
  require_listed<Memories<Real>>("memory", configuration.memory);
  make_component<Kernels<Real>>("kernel", configuration.kernel);
  fixed_gates(configuration);
  make_component<Normalizations<Real>>("normalization", configuration.normalization);
  require_listed<Models<Real>>("model", configuration.model);
  redraw_interval(configuration.redraw);
  if (configuration.scale != "none" && configuration.scale != "d^-1/4") unknown("scale", configuration.scale, kScales);
  if (configuration.evaluation != "exact" && configuration.evaluation != "published_2021")
    unknown("evaluation", configuration.evaluation, kEvaluations);
  require_positive("key_dim", configuration.key_dim);
  require_positive("batch", configuration.batch);
  require_positive("max_steps", configuration.max_steps);
  require_positive("evaluation_every", configuration.evaluation_every);
  require_positive("evaluation_sequences", configuration.evaluation_sequences);
  require_positive("patience", configuration.patience);
  if (!(configuration.learning_rate > 0))
    throw ConfigurationError(fmt::format("learning_rate = {}: must be above 0", configuration.learning_rate));
  if (!(configuration.tolerance >= 0))
    throw ConfigurationError(fmt::format("tolerance = {}: must be at least 0", configuration.tolerance));
  if (std::ranges::find(Schedule::names, configuration.schedule) == Schedule::names.end())
    unknown("schedule", configuration.schedule, fmt::format("{}", fmt::join(Schedule::names, ", ")));
  if (configuration.warmup < 0)
    throw ConfigurationError(fmt::format("warmup = {}: must be at least 0", configuration.warmup));
  if (!(configuration.improvement >= 0 && configuration.improvement < 1))
    throw ConfigurationError(fmt::format("improvement = {}: must be from 0 to below 1", configuration.improvement));
  if (!(configuration.cooldown >= 0))
    throw ConfigurationError(fmt::format("cooldown = {}: must be at least 0", configuration.cooldown));
}

std::optional<std::string> reason_to_skip(const Configuration& configuration) {
  if (is_softmax(configuration)) return std::nullopt;
  const auto kernel = make_kernel(configuration);
  const auto refusal = std::visit(
      [&]<class K>(const K& k) -> std::optional<std::string> {
        if constexpr (requires { k.refusal(Index()); }) return k.refusal(configuration.key_dim);
        return std::nullopt;
      },
      kernel);
  if (refusal) return refusal;
  const auto normalization = make_normalization(configuration);
  const bool divides = std::visit([]<class N>(const N&) { return N::needs_nonnegative; }, normalization);
  const bool by_products =
      std::visit([]<class N>(const N&) { return N::accumulates && !N::maps_tokens; }, normalization);
  if (divides && !is_nonnegative(kernel) && !(by_products && has_positive_products(kernel)))
    return fmt::format("normalization '{}' divides by a sum of features, which kernel '{}' may make zero or negative",
                       configuration.normalization, configuration.kernel);
  if (configuration.normalization == CenteredL2Normalization<Real>::name && *feature_dim(configuration) < 2)
    return fmt::format("normalization '{}' leaves nothing of one feature", configuration.normalization);
  if (accumulates(configuration) && configuration.rule == RecursiveLeastSquares<Real>::name)
    return fmt::format("rule '{}' is solved for its read-out, which normalization '{}' would divide",
                       configuration.rule, configuration.normalization);
  if (accumulates(configuration) && configuration.rule == Fwm2021Rule<Real>::name)
    return fmt::format("the read-out of rule '{}' is layer-normalised, which undoes the divisor of normalization '{}'",
                       configuration.rule, configuration.normalization);
  return std::nullopt;
}

bool applies(std::string_view parameter, const Configuration& configuration) {
  if (parameter == "kernel" || parameter == "rule" || parameter == "normalization") return !is_softmax(configuration);
  if (parameter == "beta") return !is_softmax(configuration) && uses_strength(configuration);
  if (parameter == "alpha") return !is_softmax(configuration) && uses_decay(configuration);
  if (parameter == "redraw" || parameter == "scale")
    return !is_softmax(configuration) && is_random(make_kernel(configuration));
  if (parameter == "patience" || parameter == "improvement") return configuration.schedule != "cosine";
  if (parameter == "cooldown") return configuration.schedule == "cooldown";
  return true;
}

Index state_floats(const Configuration& configuration) {
  if (is_softmax(configuration)) return configuration.L * (configuration.key_dim + configuration.S);
  const Index p = *feature_dim(configuration);
  const Index more = std::visit(
      [&]<class R>(const R&) {
        if constexpr (requires { R::more_state(p); }) return R::more_state(p);
        return Index{0};
      },
      make_rule(configuration));
  return p * (configuration.S + (accumulates(configuration) ? 1 : 0)) + more;
}

}  // namespace palimpsest
