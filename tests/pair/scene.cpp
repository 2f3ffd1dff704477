#include "pair/scene.hpp"

#include <cmath>
#include <tuple>
#include <utility>

namespace palimpsest::pair_test {

Scene scene(Index d, Index S, Index L, bool with_values, std::vector<std::vector<int>> columns) {
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

Scene with_gates(Scene scene, Index n, Index p, std::vector<Gate> gates, double largest_strength) {
  const bool with_values = scene.tables.keys_depend_on_values();
  if (n > 1) {
    scene.tables.key = reference::safely_positive(scene.tables.key.rows(), n * scene.S, 64);
    if (with_values)
      scene.tables.value = 0.2 * reference::normal(scene.tables.key.rows(), n * scene.S, 65).cwiseMin(1).cwiseMax(-1);
  }
  for (std::size_t i = 0; i < gates.size(); ++i) {
    auto& table = scene.tables.gates.emplace_back();
    if (gates[i].constant) continue;
    const Index rows = gates[i].per_feature ? p : 1;
    table = {reference::normal(rows, n * scene.S, 66 + 2 * i),
             reference::normal(rows, with_values ? n * scene.S : 0, 67 + 2 * i)};
  }
  scene.gates = std::move(gates);
  scene.steps_per_write = n;
  scene.largest_strength = largest_strength;
  return scene;
}

reference::Sequence sequence(const Scene& scene, std::size_t i) {
  const auto& [episode, tables, n] = std::tie(scene.episodes[i], scene.tables, scene.steps_per_write);
  std::vector<int> values;
  for (const int value : episode.values) values.insert(values.end(), static_cast<std::size_t>(n), value);
  reference::Sequence all{Matrix<double>(tables.key.rows(), std::ssize(values)), reference::one_hot(values, scene.S),
                          Matrix<double>(tables.query.rows(), std::ssize(scene.columns[i]))};
  for (Index t = 0; t < all.keys.cols(); ++t) {
    const Index key = episode.keys[t / n] * n + t % n, value = episode.values[t / n] * n + t % n;
    all.keys.col(t) = tables.key.col(key);
    if (tables.keys_depend_on_values()) all.keys.col(t) += tables.value.col(value);
    auto& gates = all.gates.emplace_back();
    for (std::size_t g = 0; g < scene.gates.size(); ++g) {
      const auto& table = tables.gates[g];
      if (!table.learnt()) {
        const auto& constant = scene.gates[g];
        const double start =
            constant.least > 0 ? constant.least + std::log1p(std::exp(constant.start)) : constant.start;
        gates[std::string(constant.name)] = Vector<double>::Constant(1, start);
        continue;
      }
      Vector<double> logit = table.key.col(key);
      if (table.value.size() > 0) logit += table.value.col(value);
      const double largest = scene.gates[g].name == "beta" ? scene.largest_strength : 1;
      gates[std::string(scene.gates[g].name)] = largest / (1 + (-logit.array()).exp());
    }
  }
  for (Index q = 0; q < all.queries.cols(); ++q) all.queries.col(q) = tables.query.col(scene.columns[i][q]);
  return all;
}

Matrix<double> weights(const Scene& scene, std::size_t i) {
  return reference::normal(scene.S, std::ssize(scene.columns[i]), 70 + i);
}

double weighted_sum(const Scene& scene, const Answer& answer) {
  double sum = 0;
  for (std::size_t i = 0; i < scene.episodes.size(); ++i)
    sum += answer(sequence(scene, i)).cwiseProduct(weights(scene, i)).sum();
  return sum;
}

}  // namespace palimpsest::pair_test
