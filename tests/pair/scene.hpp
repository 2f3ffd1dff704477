// Tables, an episode and queries to read it with, in double; and the dense outputs that belong to them.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <utility>
#include <vector>

#include "palimpsest/pair/memory.hpp"
#include "palimpsest/pair/token_tables.hpp"
#include "palimpsest/rule/gate.hpp"
#include "palimpsest/task/episode.hpp"
#include "reference/dense.hpp"
#include "reference/random.hpp"

namespace palimpsest::pair_test {

struct Scene {
  Index S = 0;
  Index steps_per_write = 1;
  double largest_strength = 1;
  std::vector<Gate> gates;
  TokenTables<double> tables;
  std::vector<Episode> episodes;
  std::vector<std::vector<int>> columns;  // the queries that an episode is read with
};

/// Keys and values of an episode are drawn with replacement, so both are repeated (for L > 1). Entries of keys stay
/// away from 0, whatever the value: |key| ≥ 0.3, |value| ≤ 0.2.
Scene scene(Index d, Index S, Index L, bool with_values, std::vector<std::vector<int>> columns);

/// The same scene for a rule of n steps a write and p features, with its gates learnt.
Scene with_gates(Scene scene, Index n, Index p, std::vector<Gate> gates, double largest_strength = 1);

/// Episode i in full, a column a step of a write.
reference::Sequence sequence(const Scene& scene, std::size_t i);

/// Tables in another precision.
template <class To, class From>
TokenTables<To> cast(const TokenTables<From>& tables) {
  const auto gate = [](const GateTable<From>& table) {
    return GateTable<To>{table.key.template cast<To>(), table.value.template cast<To>()};
  };
  std::vector<GateTable<To>> gates;
  for (const auto& table : tables.gates) gates.push_back(gate(table));
  return {tables.key.template cast<To>(), tables.value.template cast<To>(), tables.query.template cast<To>(),
          std::move(gates)};
}

/// Reads an episode; Y: S×N. What the memory keeps of it.
template <class Memory, class Y>
typename Memory::Kept read(Memory& memory, const Episode& episode, const Asked& asked, Y&& y) {
  typename Memory::Kept kept;
  memory.read(episode, asked, y, kept);
  return kept;
}

/// Reads all episodes of a step; Y: S×N each, from poisoned buffers.
template <class T, class Memory>
std::vector<Matrix<T>> read_all(Memory& memory, const Scene& scene, const TokenTables<T>& tables) {
  memory.begin(tables);
  std::vector<Matrix<T>> answers;
  for (std::size_t i = 0; i < scene.episodes.size(); ++i) {
    reference::PoisonedWindow<T> Y(scene.S, std::ssize(scene.columns[i]));
    read(memory, scene.episodes[i], scene.columns[i], Y.view());
    EXPECT_TRUE(Y.in_bounds());
    answers.push_back(Y.value());
  }
  return answers;
}

/// dY of episode i.
Matrix<double> weights(const Scene& scene, std::size_t i);

/// Gradients by the tables of Σ_i Σ (dY_i ⊙ Y_i), as the memory has them.
template <class Memory>
TokenTables<double> gradients(Memory& memory, const Scene& scene) {
  memory.begin(scene.tables);
  typename Memory::Kept kept;
  Matrix<double> Y;
  for (std::size_t i = 0; i < scene.episodes.size(); ++i) {
    Y.resize(scene.S, std::ssize(scene.columns[i]));
    memory.read(scene.episodes[i], scene.columns[i], Y, kept);
    memory.backward(scene.episodes[i], scene.columns[i], weights(scene, i), kept);
  }
  const Matrix<double> stale = Matrix<double>::Constant(2, 3, std::numeric_limits<double>::quiet_NaN());
  const GateTable<double> stale_gate{stale, stale};
  TokenTables<double> gradient{stale, stale, stale, {3, stale_gate}};  // end overwrites
  memory.end(gradient);
  return gradient;
}

/// A dense memory: Y (S×N).
using Answer = std::function<Matrix<double>(const reference::Sequence&)>;

/// The same weighted sum of outputs, by a dense memory.
double weighted_sum(const Scene& scene, const Answer& answer);

}  // namespace palimpsest::pair_test
