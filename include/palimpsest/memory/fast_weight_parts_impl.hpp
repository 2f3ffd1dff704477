// Bodies of memory/fast_weight_parts.hpp; only what instantiates fast weight memories includes this.
#pragma once

#include <fmt/format.h>

#include <charconv>
#include <string_view>

#include "palimpsest/memory/fast_weight_parts.hpp"

namespace palimpsest {
namespace fast_weight_parts {

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
  return R::traits.may_reflect ? options.largest_beta : R::traits.largest_strength;
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
      largest_beta(std::visit([&]<class R>(const R&) { return fast_weight_parts::largest_beta<R>(options); }, rule)) {
  fixed_gates = fast_weight_parts::fixed_gates(options, largest_beta);
}

template <class T>
std::optional<std::string> refusal(const FeatureMap<T>& map, const typename Rules<T>::Variant& rule) {
  const auto of_features = std::visit(
      [&]<class K, class N>(const K& kernel, const N&) -> std::optional<std::string> {
        if constexpr (requires { kernel.refusal(Index()); })
          if (const auto refused = kernel.refusal(map.key_dim())) return refused;
        constexpr auto is = N::traits;
        const bool products_will_do = is.accumulates && !is.maps_tokens && K::traits.positive_products;
        if (is.needs_nonnegative && !K::traits.nonnegative && !products_will_do)
          return fmt::format(
              "normalization '{}' divides by a sum of features, which kernel '{}' may make zero or negative", N::name,
              specification(kernel));
        if constexpr (requires { N::refusal(Index()); }) return N::refusal(map.feature_dim());
        return std::nullopt;
      },
      map.kernel(), map.normalization());
  if (of_features || !map.accumulates()) return of_features;
  return std::visit(
      [&]<class R>(const R&) -> std::optional<std::string> {
        if (R::traits.refuses_divisor.empty()) return std::nullopt;
        return fmt::format(fmt::runtime(R::traits.refuses_divisor), R::name, specification(map.normalization()));
      },
      rule);
}

template <class T>
Index state_floats(const FeatureMap<T>& map, const typename Rules<T>::Variant& rule, Index d_v) {
  const Index p = map.feature_dim();
  const Index more =
      std::visit([&]<class R>(const R&) { return R::traits.more_state ? R::traits.more_state(p, d_v) : 0; }, rule);
  return p * (d_v + (map.accumulates() ? 1 : 0)) + more;
}

}  // namespace palimpsest
