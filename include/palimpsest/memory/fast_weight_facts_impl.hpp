// Bodies of memory/fast_weight.hpp that make a memory from options and say what is known of it before anything is trained;
// only what instantiates them includes this.
#pragma once

#include <fmt/format.h>

#include <charconv>

#include "palimpsest/memory/fast_weight.hpp"

namespace palimpsest {
namespace fast_weight_facts {

/// What a gate is fixed at; nothing if it is learnt. Throws unless that is a number in [0, largest].
inline std::optional<double> fixed_gate(std::string_view name, const std::string& text, double largest) {
  if (text == kLearnt) return std::nullopt;
  double value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !(value >= 0 && value <= largest))
    throw ConfigurationError(
        fmt::format("{} = {}: allowed is '{}' or a number from 0 to {}", name, text, kLearnt, largest));
  return value;
}

/// What β is at most.
template <class R>
double largest_beta(const MemoryOptions& options) {
  if (options.largest_beta != 1 && options.largest_beta != 2)
    throw ConfigurationError(fmt::format("largest_beta = {}: allowed is 1 or 2", options.largest_beta));
  if constexpr (requires { R::may_reflect; }) return options.largest_beta;
  return R::largest_strength;
}

/// Those that the options give a number.
inline FixedGates fixed_gates(const MemoryOptions& options, double largest_beta) {
  FixedGates fixed;
  if (const auto beta = fixed_gate("beta", options.beta, largest_beta)) fixed["beta"] = *beta;
  if (const auto alpha = fixed_gate("alpha", options.alpha, 1)) fixed["alpha"] = *alpha;
  if (const auto ridge = fixed_gate("ridge", options.ridge, 1e6)) {
    if (*ridge == 0) throw ConfigurationError("ridge = 0: must be above 0");
    fixed["ridge"] = *ridge;
  }
  return fixed;
}

template <class T>
typename Kernels<T>::Variant make_kernel(const MemoryOptions& options) {
  auto kernel = make_component<Kernels<T>>("kernel", options.kernel);
  std::visit(
      [&]<class K>(K& k) {
        if constexpr (RandomKernel<K, T>) k.scaled = options.scaled;
      },
      kernel);
  return kernel;
}

}  // namespace fast_weight_facts

template <class T>
FastWeight<T>::FastWeight(const MemoryOptions& options)
    : FastWeight(fast_weight_facts::make_kernel<T>(options), make_component<Rules<T>>("rule", options.rule),
                 make_component<Normalizations<T>>("normalization", options.normalization), options.key_dim, {},
                 Unstarted()) {
  const double largest = visit_rule([&]<class R>(const R&) { return fast_weight_facts::largest_beta<R>(options); });
  largest_beta_ = static_cast<T>(largest);
  fixed_gates_ = fast_weight_facts::fixed_gates(options, largest);
  learns_gates_ = true;
}

template <class T>
std::vector<std::pair<std::string, std::string>> FastWeight<T>::parts() const {
  return {{"kernel", specification(map_.kernel())},
          {"rule", specification(rule_)},
          {"normalization", specification(map_.normalization())}};
}

template <class T>
bool FastWeight<T>::reads(std::string_view option) const {
  if (option == "largest_beta")
    return visit_rule([]<class R>(const R&) {
      return requires { R::may_reflect; };
    });
  if (option == "beta" || option == "alpha" || option == "ridge")
    return std::ranges::any_of(gates(), [&](const Gate& gate) { return gate.name == option; });
  if (option == "scaled") return std::visit([]<class K>(const K&) { return RandomKernel<K, T>; }, map_.kernel());
  return true;
}

template <class T>
std::optional<std::string> FastWeight<T>::refusal() const {
  const auto of_features = std::visit(
      [&]<class K, class N>(const K& kernel, const N&) -> std::optional<std::string> {
        if constexpr (requires { kernel.refusal(Index()); })
          if (const auto refused = kernel.refusal(map_.key_dim())) return refused;
        constexpr bool positive_products = requires { requires K::positive_products; };
        if (N::needs_nonnegative && !K::nonnegative && !(N::accumulates && !N::maps_tokens && positive_products))
          return fmt::format(
              "normalization '{}' divides by a sum of features, which kernel '{}' may make zero or negative", N::name,
              specification(kernel));
        if constexpr (requires { N::refusal(Index()); }) return N::refusal(feature_dim());
        return std::nullopt;
      },
      map_.kernel(), map_.normalization());
  if (of_features || !map_.accumulates()) return of_features;
  return std::visit(
      [&]<class R>(const R&) -> std::optional<std::string> {
        if constexpr (requires { R::refuses_divisor(""); })
          return R::refuses_divisor(specification(map_.normalization()));
        return std::nullopt;
      },
      rule_);
}

template <class T>
Index FastWeight<T>::rank() const {
  const Index d = map_.key_dim();
  return std::visit(
      [d]<class K, class N>(const K& kernel, const N&) -> Index {
        const Index features = palimpsest::rank<T>(kernel, d);
        if constexpr (requires { N::rank(features, features, features); })
          return N::rank(kernel.feature_dim(d), features, rank_of_squares<T>(kernel, d));
        return features;
      },
      map_.kernel(), map_.normalization());
}

template <class T>
bool FastWeight<T>::knows_order() const {
  return visit_rule([]<class R>(const R&) { return R::knows_order; });
}

template <class T>
TokenShape FastWeight<T>::token_shape(Index S) const {
  TokenShape shape{S, map_.key_dim()};
  shape.steps_a_write = visit_rule([](const auto& rule) { return rule.steps_a_write(); });
  for (const Gate& gate : gates()) {
    const bool learnt = learns_gates_ && !gate.constant && !fixed_gates_.contains(gate.name);
    shape.gates.push_back({gate.name, !learnt ? 0 : gate.per_feature ? feature_dim() : 1, gate.start, gate.stream});
  }
  return shape;
}

template <class T>
Index FastWeight<T>::state_floats(Index S, Index) const {
  const Index p = feature_dim();
  const Index more = visit_rule([&]<class R>(const R&) {
    if constexpr (requires { R::more_state(p); }) return R::more_state(p);
    if constexpr (requires { R::more_state(p, S); }) return R::more_state(p, S);
    return Index{0};
  });
  return p * (S + (map_.accumulates() ? 1 : 0)) + more;
}

template <class T>
FastWeightOperations FastWeight<T>::operations(const TableShape& tables) const {
  const auto kernel = std::visit([&](const auto& k) { return facts<T>(k, map_.key_dim()); }, map_.kernel());
  return {kernel, visit_rule([](const auto& rule) { return facts(rule); }),
          std::visit([&](const auto& n) { return facts(n, kernel.features); }, map_.normalization()), tables};
}

template <class T>
double FastWeight<T>::draw_operations() const {
  return std::visit(
      [&]<class K>(const K& kernel) {
        if constexpr (requires { kernel.draw_operations(Index(1)); }) return kernel.draw_operations(map_.key_dim());
        return 0.0;
      },
      map_.kernel());
}

}  // namespace palimpsest
