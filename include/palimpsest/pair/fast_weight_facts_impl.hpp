// Bodies of pair/fast_weight.hpp that make a memory from options and say what is known of it before anything is trained;
// only what instantiates them includes this.
#pragma once

#include "palimpsest/memory/fast_weight_parts_impl.hpp"
#include "palimpsest/pair/fast_weight.hpp"

namespace palimpsest {

template <class T>
FastWeight<T>::FastWeight(const MemoryOptions& options)
    : FastWeight(FastWeightParts<T>(options), options.key_dim, Unstarted()) {
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
  if (option == "largest_beta") return traits_of(rule_).may_reflect;
  if (option == "beta" || option == "alpha" || option == "ridge")
    return std::ranges::any_of(gates(), [&](const Gate& gate) { return gate.name == option; });
  if (option == "scaled") return std::visit([]<class K>(const K&) { return RandomKernel<K, T>; }, map_.kernel());
  return true;
}

template <class T>
std::optional<std::string> FastWeight<T>::refusal() const {
  return palimpsest::refusal(map_, rule_);
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
  return traits_of(rule_).knows_order;
}

template <class T>
TokenShape FastWeight<T>::token_shape(Index S) const {
  TokenShape shape{S, map_.key_dim()};
  shape.steps_per_write = visit_rule([](const auto& rule) { return rule.steps_per_write(); });
  for (const Gate& gate : gates()) {
    const bool learnt = learns_gates_ && gates_.may_learn(gate);
    shape.gates.push_back({gate.name, !learnt ? 0 : gate.per_feature ? feature_dim() : 1, gate.start, gate.stream});
  }
  return shape;
}

template <class T>
Index FastWeight<T>::state_floats(Index S, Index) const {
  return palimpsest::state_floats(map_, rule_, S);
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
