// Bodies of memory/fast_weight_parts.hpp; only what instantiates fast weight memories includes this.
#pragma once

#include <fmt/format.h>

#include <string_view>

#include "palimpsest/core/text.hpp"
#include "palimpsest/memory/fast_weight_parts.hpp"

namespace palimpsest {
namespace fast_weight_parts {

/// What a gate is fixed at; nothing if it is learnt. Throws unless that is a number in [0, largest].
inline std::optional<double> fixed_gate(std::string_view name, const std::string& text, double largest) {
  if (text == kLearnt) return std::nullopt;
  const auto value = parse<double>(text);
  if (!value || !(*value >= 0 && *value <= largest))
    throw ConfigurationError(
        fmt::format("{} = {}: allowed is '{}' or a number from 0 to {}", name, text, kLearnt, largest));
  return value;
}

/// What β is at most.
inline double largest_beta(const MemoryOptions& options, const RuleTraits& rule) {
  if (options.largest_beta != 1 && options.largest_beta != 2)
    throw ConfigurationError(fmt::format("largest_beta = {}: allowed is 1 or 2", options.largest_beta));
  return rule.largest_beta(options.largest_beta);
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

}  // namespace fast_weight_parts

template <class T>
FastWeightParts<T>::FastWeightParts(const MemoryOptions& options)
    : kernel(fast_weight_parts::make_kernel<T>(options)),
      rule(make_component<Rules<T>>("rule", options.rule)),
      normalization(make_component<Normalizations<T>>("normalization", options.normalization)),
      largest_beta(fast_weight_parts::largest_beta(options, traits_of(rule))) {
  fixed_gates = fast_weight_parts::fixed_gates(options, largest_beta);
}

template <class T>
std::optional<std::string> refusal(const FeatureMap<T>& map, const typename Rules<T>::Variant& rule) {
  const KernelTraits& kernel = traits_of(map.kernel());
  const NormalizationTraits& normalization = traits_of(map.normalization());
  const std::string name = specification(map.normalization());
  const auto of_size = std::visit(
      [&]<class K>(const K& k) -> std::optional<std::string> {
        if constexpr (requires { k.refusal(Index()); }) return k.refusal(map.key_dim());
        return std::nullopt;
      },
      map.kernel());
  if (of_size) return of_size;
  const bool products_will_do = normalization.accumulates && !normalization.maps_tokens && kernel.positive_products;
  if (normalization.needs_nonnegative && !kernel.nonnegative && !products_will_do)
    return fmt::format("normalization '{}' divides by a sum of features, which kernel '{}' may make zero or negative",
                       name, specification(map.kernel()));
  const auto of_features = std::visit(
      [&]<class N>(const N&) -> std::optional<std::string> {
        if constexpr (requires { N::refusal(Index()); }) return N::refusal(map.feature_dim());
        return std::nullopt;
      },
      map.normalization());
  if (of_features || !normalization.accumulates) return of_features;
  const auto refused = traits_of(rule).refuses_divisor;
  if (refused.empty()) return std::nullopt;
  return fmt::format(fmt::runtime(refused), std::visit([]<class R>(const R&) { return R::name; }, rule), name);
}

template <class T>
Index state_floats(const FeatureMap<T>& map, const typename Rules<T>::Variant& rule, Index d_v) {
  const Index p = map.feature_dim();
  const auto more_state = traits_of(rule).more_state;
  const Index more = more_state ? more_state(p, d_v) : 0;
  return p * (d_v + (map.accumulates() ? 1 : 0)) + more;
}

}  // namespace palimpsest
