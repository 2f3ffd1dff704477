// Tables, an episode and queries to read it with, in double; and the dense outputs that belong to them.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <cmath>
#include <limits>
#include <tuple>
#include <vector>

#include "palimpsest/memory/token_tables.hpp"
#include "palimpsest/task/episode.hpp"
#include "reference/dense.hpp"
#include "reference/random.hpp"

namespace palimpsest::memory_test {

struct Scene {
  Index S = 0;
  Index steps_a_write = 1;
  double largest_strength = 1;
  TokenTables<double> tables;
  std::vector<Episode> episodes;
  std::vector<std::vector<int>> columns;  // the queries that an episode is read with
};

/// Keys and values of an episode are drawn with replacement, so both are repeated (for L > 1). Entries of keys stay
/// away from 0, whatever the value: |key| ≥ 0.3, |value| ≤ 0.2.
inline Scene scene(Index d, Index S, Index L, bool with_values, std::vector<std::vector<int>> columns) {
  Scene made;
  made.S = S;
  made.tables.key = reference::safely_positive(d, S, 60);
  made.tables.value.resize(d, 0);
  if (with_values) made.tables.value = 0.2 * reference::normal(d, S, 61).cwiseMin(1).cwiseMax(-1);
  made.tables.query = reference::safely_positive(d, S, 62);
  Stream stream(5, Purpose::test, 63);
  const auto drawn = [&] {
    std::vector<int> indices(L);
    for (int& i : indices) i = static_cast<int>(stream.below(static_cast<std::uint32_t>(S)));
    return indices;
  };
  for (std::size_t i = 0; i < columns.size(); ++i) {
    std::vector<int> keys = drawn(), values = drawn();
    made.episodes.push_back({std::move(keys), std::move(values), {}});
  }
  made.columns = std::move(columns);
  return made;
}

/// The same scene for a rule of n steps a write, with learnt gates.
inline Scene with_gates(Scene scene, Index n, double largest_strength, bool strength, bool decay) {
  const auto logits = [](Index size, std::uint64_t number) { return Vector<double>(reference::normal(size, 1, number)); };
  const bool with_values = scene.tables.keys_depend_on_values();
  if (n > 1) {
    scene.tables.key = reference::safely_positive(scene.tables.key.rows(), n * scene.S, 64);
    if (with_values)
      scene.tables.value = 0.2 * reference::normal(scene.tables.key.rows(), n * scene.S, 65).cwiseMin(1).cwiseMax(-1);
  }
  if (strength) scene.tables.strength = {logits(n * scene.S, 66), logits(with_values ? n * scene.S : 0, 67)};
  if (decay) scene.tables.decay = {logits(n * scene.S, 68), logits(with_values ? n * scene.S : 0, 69)};
  scene.steps_a_write = n;
  scene.largest_strength = largest_strength;
  return scene;
}

/// Episode i in full, a column a step of a write.
inline reference::Sequence<double> sequence(const Scene& scene, std::size_t i) {
  const auto& [episode, tables, n] = std::tie(scene.episodes[i], scene.tables, scene.steps_a_write);
  std::vector<int> values;
  for (const int value : episode.values) values.insert(values.end(), static_cast<std::size_t>(n), value);
  reference::Sequence<double> all(Matrix<double>(tables.key.rows(), std::ssize(values)),
                                  reference::one_hot<double>(values, scene.S),
                                  Matrix<double>(tables.query.rows(), std::ssize(scene.columns[i])));
  const auto gate = [](const GateTable<double>& table, Index key, Index value, double largest) {
    if (!table.learnt()) return 1.0;
    return largest / (1 + std::exp(-table.key(key) - (table.value.size() > 0 ? table.value(value) : 0.0)));
  };
  for (Index t = 0; t < all.keys.cols(); ++t) {
    const Index key = episode.keys[t / n] * n + t % n, value = episode.values[t / n] * n + t % n;
    all.keys.col(t) = tables.key.col(key);
    if (tables.keys_depend_on_values()) all.keys.col(t) += tables.value.col(value);
    all.beta(t) = gate(tables.strength, key, value, scene.largest_strength);
    all.alpha(t) = gate(tables.decay, key, value, 1);
  }
  for (Index q = 0; q < all.queries.cols(); ++q) all.queries.col(q) = tables.query.col(scene.columns[i][q]);
  return all;
}

template <class T>
TokenTables<T> cast(const TokenTables<double>& tables) {
  const auto gate = [](const GateTable<double>& table) { return GateTable<T>{table.key.cast<T>(), table.value.cast<T>()}; };
  return {tables.key.cast<T>(), tables.value.cast<T>(), tables.query.cast<T>(), gate(tables.strength), gate(tables.decay)};
}

/// Reads all episodes of a step; Y: S×N each, from poisoned buffers.
template <class T, class Memory>
std::vector<Matrix<T>> read_all(Memory& memory, const Scene& scene, const TokenTables<T>& tables) {
  memory.begin(tables);
  std::vector<Matrix<T>> answers;
  for (std::size_t i = 0; i < scene.episodes.size(); ++i) {
    reference::PoisonedWindow<T> Y(scene.S, std::ssize(scene.columns[i]));
    memory.read(scene.episodes[i], scene.columns[i], Y.view());
    EXPECT_TRUE(Y.in_bounds());
    answers.push_back(Y.value());
  }
  return answers;
}

/// dY of episode i.
inline Matrix<double> weights(const Scene& scene, std::size_t i) {
  return reference::normal(scene.S, std::ssize(scene.columns[i]), 70 + i);
}

/// Gradients by the tables of Σ_i Σ (dY_i ⊙ Y_i), as the memory has them.
template <class Memory>
TokenTables<double> gradients(Memory& memory, const Scene& scene) {
  memory.begin(scene.tables);
  Matrix<double> Y;
  for (std::size_t i = 0; i < scene.episodes.size(); ++i) {
    Y.resize(scene.S, std::ssize(scene.columns[i]));
    memory.read(scene.episodes[i], scene.columns[i], Y);
    memory.backward(scene.episodes[i], scene.columns[i], weights(scene, i));
  }
  const Matrix<double> stale = Matrix<double>::Constant(2, 3, std::numeric_limits<double>::quiet_NaN());
  const GateTable<double> stale_gate{stale.reshaped(), stale.reshaped()};
  TokenTables<double> gradient{stale, stale, stale, stale_gate, stale_gate};  // end overwrites
  memory.end(gradient);
  return gradient;
}

/// A dense memory: Y (S×N).
using Answer = std::function<Matrix<double>(const reference::Sequence<double>&)>;

/// The same weighted sum of outputs, by a dense memory.
inline double weighted_sum(const Scene& scene, const Answer& answer) {
  double sum = 0;
  for (std::size_t i = 0; i < scene.episodes.size(); ++i)
    sum += answer(sequence(scene, i)).cwiseProduct(weights(scene, i)).sum();
  return sum;
}

}  // namespace palimpsest::memory_test
