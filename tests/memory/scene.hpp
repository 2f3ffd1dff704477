// Tables, an episode and queries to read it with, in double; and the dense outputs that belong to them.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <vector>

#include "palimpsest/memory/token_tables.hpp"
#include "palimpsest/task/episode.hpp"
#include "reference/dense.hpp"
#include "reference/random.hpp"

namespace palimpsest::memory_test {

struct Scene {
  Index S = 0;
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

/// K: d×L, whole keys.
inline Matrix<double> keys(const TokenTables<double>& tables, const Episode& episode) {
  Matrix<double> K(tables.key.rows(), std::ssize(episode.keys));
  for (Index t = 0; t < K.cols(); ++t) {
    K.col(t) = tables.key.col(episode.keys[t]);
    if (tables.value.cols() > 0) K.col(t) += tables.value.col(episode.values[t]);
  }
  return K;
}

/// Q: d×N.
inline Matrix<double> queries(const TokenTables<double>& tables, const std::vector<int>& columns) {
  Matrix<double> Q(tables.query.rows(), std::ssize(columns));
  for (Index n = 0; n < Q.cols(); ++n) Q.col(n) = tables.query.col(columns[n]);
  return Q;
}

template <class T>
TokenTables<T> cast(const TokenTables<double>& tables) {
  return {tables.key.cast<T>(), tables.value.cast<T>(), tables.query.cast<T>()};
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
  TokenTables<double> gradient{stale, stale, stale};  // end overwrites
  memory.end(gradient);
  return gradient;
}

/// A dense memory: Y (S×N) from whole keys (d×L), V (S×L) and queries (d×N).
using Answer =
    std::function<Matrix<double>(const Matrix<double>& keys, const Matrix<double>& V, const Matrix<double>& queries)>;

/// The same weighted sum of outputs, by a dense memory.
inline double weighted_sum(const Scene& scene, const Answer& answer) {
  double sum = 0;
  for (std::size_t i = 0; i < scene.episodes.size(); ++i) {
    const auto& episode = scene.episodes[i];
    const Matrix<double> Y = answer(keys(scene.tables, episode), reference::one_hot<double>(episode.values, scene.S),
                                    queries(scene.tables, scene.columns[i]));
    sum += Y.cwiseProduct(weights(scene, i)).sum();
  }
  return sum;
}

}  // namespace palimpsest::memory_test
