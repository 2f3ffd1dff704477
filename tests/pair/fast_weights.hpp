// Fast weight memories of every rule with every normalisation that has a meaning with it, of two kernels; and all gradients of a
// step in one column.
#pragma once

#include <fmt/format.h>

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "pair/scene.hpp"
#include "palimpsest/pair/fast_weight.hpp"

namespace palimpsest::pair_test {

/// Each of a list as a variant holds it; one that takes an argument with 2.
template <class List>
std::vector<typename List::Variant> all_of() {
  std::vector<typename List::Variant> all;
  List::for_each([&]<class C>() {
    if constexpr (TakesArgument<C>)
      all.emplace_back(C(2));
    else
      all.emplace_back(C());
  });
  return all;
}

/// Calls f(memory, the scene as its rule sees it, the rule's name); keys have the size that the scene's have.
template <class F>
void for_each_fast_weight(const Scene& scene, F&& f) {
  const Index d = scene.tables.key.rows();
  for (const std::string kernel : {"elu", "dpfp:1"})
    for (const auto& rule : all_of<Rules<double>>())
      for (const auto& normalization : all_of<Normalizations<double>>()) {
        if (traits_of(normalization).accumulates && !traits_of(rule).refuses_divisor.empty()) continue;
        const FastWeight<double> memory(make_component<Kernels<double>>("kernel", kernel), rule, normalization, d);
        const auto [name, steps] =
            std::visit([](const auto& r) { return std::pair(std::string(r.name), r.steps_per_write()); }, rule);
        SCOPED_TRACE(fmt::format("{} {} {}, values {}", kernel, name, specification(normalization),
                                 scene.tables.keys_depend_on_values()));
        const auto gates = gates_of(rule);
        f(memory, with_gates(scene, steps, memory.feature_dim(), {gates.begin(), gates.end()}), name);
      }
}

/// Gradients of a step by tables and by the memory's own parameters, below each other.
template <class Memory>
Matrix<double> all_gradients(Memory& memory) {
  TokenTables<double> gradient;
  memory.end(gradient);
  std::vector<Matrix<double>> parts{gradient.key, gradient.value, gradient.query};
  for (const auto& gate : gradient.gates) {
    parts.push_back(gate.key);
    parts.push_back(gate.value);
  }
  if constexpr (requires { memory.parameters(); })
    for (const auto* parameter : memory.parameters()) parts.push_back(parameter->gradient);
  Index size = 0;
  for (const auto& part : parts) size += part.size();
  Matrix<double> all(size, 1);
  Index at = 0;
  for (const auto& part : parts) {
    all.col(0).segment(at, part.size()) = part.reshaped();
    at += part.size();
  }
  return all;
}

}  // namespace palimpsest::pair_test
