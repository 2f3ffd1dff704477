// What every fast weight memory is made of: a kernel, an update rule, a normalisation, and what the gates of the rule are.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>

#include "palimpsest/memory/feature_map.hpp"
#include "palimpsest/memory/memory.hpp"
#include "palimpsest/memory/rule_gates.hpp"
#include "palimpsest/rule/all.hpp"

namespace palimpsest {

template <class T>
struct FastWeightParts {
  using Kernel = typename Kernels<T>::Variant;
  using Rule = typename Rules<T>::Variant;
  using Normalization = typename Normalizations<T>::Variant;

  Kernel kernel;
  Rule rule;
  Normalization normalization;
  FixedGates fixed_gates;  ///< all others are learnt, or as given
  double largest_beta;

  FastWeightParts(Kernel kernel, Rule rule, Normalization normalization, FixedGates fixed_gates, double largest_beta)
      : kernel(std::move(kernel)),
        rule(std::move(rule)),
        normalization(std::move(normalization)),
        fixed_gates(std::move(fixed_gates)),
        largest_beta(largest_beta) {}

  /// Those that the options name. Throws ConfigurationError for one that isn't known, or for a gate that is neither `learnt`
  /// nor a number that the rule allows.
  explicit FastWeightParts(const MemoryOptions& options);
};

/// The gates of whichever rule it is.
template <class... R>
std::span<const Gate> gates_of(const std::variant<R...>& rule) {
  return std::visit([]<class Own>(const Own&) { return std::span<const Gate>(Own::gates); }, rule);
}

/// Why these have no meaning together; nothing if they have.
template <class T>
std::optional<std::string> refusal(const FeatureMap<T>& map, const typename Rules<T>::Variant& rule);

/// Floats of W (d_v×p), of the accumulator and of what the rule keeps beside them.
template <class T>
Index state_floats(const FeatureMap<T>& map, const typename Rules<T>::Variant& rule, Index d_v);

}  // namespace palimpsest
