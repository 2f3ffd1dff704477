// Fast weight memories of every rule with every normalisation that has a meaning with it, of two kernels; and all gradients of a
// step in one column.
#pragma once

#include <fmt/format.h>

#include <string>
#include <variant>
#include <vector>

#include "pair/scene.hpp"
#include "palimpsest/pair/fast_weight.hpp"

namespace palimpsest::pair_test {

/// Calls f(memory, the scene as its rule sees it, the rule's name); keys have the size that the scene's have.
template <class F>
void for_each_fast_weight(const Scene& scene, F&& f) {
  const Index d = scene.tables.key.rows();
  for (const std::string kernel : {"elu", "dpfp:1"})
    Rules<double>::for_each([&]<class R>() {
      Normalizations<double>::for_each([&]<class N>() {
        if (N::traits.accumulates && !R::traits.refuses_divisor.empty()) return;
        const auto rule =
            make_component<Rules<double>>("rule", fmt::format("{}{}", R::name, TakesArgument<R> ? ":2" : ""));
        const FastWeight<double> memory(make_component<Kernels<double>>("kernel", kernel), rule, N(), d);
        const Index steps = std::visit([](const auto& r) { return r.steps_a_write(); }, rule);
        SCOPED_TRACE(
            fmt::format("{} {} {}, values {}", kernel, R::name, N::name, scene.tables.keys_depend_on_values()));
        f(memory,
          with_gates(scene, steps, memory.feature_dim(), R::traits.largest_strength,
                     {R::gates.begin(), R::gates.end()}),
          std::string(R::name));
      });
    });
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
