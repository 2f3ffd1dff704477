// The two checks that every memory must pass against its dense version.
#pragma once

#include <gtest/gtest.h>

#include "memory/scene.hpp"
#include "reference/agree.hpp"

namespace palimpsest::memory_test {

using reference::agree;

/// Sizes and queries: single and many, all, neighbours, gaps, out of order, one asked twice.
inline std::vector<Scene> scenes() {
  std::vector<Scene> all;
  for (const bool with_values : {true, false}) {
    all.push_back(scene(2, 1, 1, with_values, {{0}}));
    all.push_back(scene(2, 3, 9, with_values, {{1}, {0, 1, 2}, {2}}));
    all.push_back(scene(5, 7, 7, with_values, {{0, 2, 5}, {6}, {3, 4, 5, 6}}));
    all.push_back(scene(5, 7, 16, with_values, {{4, 1}, {1, 0, 3}, {0, 2, 1, 3}, {2, 2}}));
    all.push_back(scene(63, 5, 5, with_values, {{0, 1, 2, 3, 4}, {3}}));
  }
  return all;
}

template <class T>
TokenTables<double> cast_back(const TokenTables<T>& tables) {
  const auto gate = [](const GateTable<T>& table) {
    return GateTable<double>{table.key.template cast<double>(), table.value.template cast<double>()};
  };
  return {tables.key.template cast<double>(), tables.value.template cast<double>(), tables.query.template cast<double>(),
          gate(tables.strength), gate(tables.decay)};
}

/// memory: in precision T; answer: in double.
template <class T, class Memory>
void expect_dense_outputs(Memory& memory, const Scene& scene, const Answer& answer) {
  const TokenTables<T> tables = cast<T>(scene.tables);
  Scene rounded = scene;  // both start from the same numbers
  rounded.tables = cast_back(tables);
  const auto answers = read_all<T>(memory, scene, tables);
  for (std::size_t i = 0; i < scene.episodes.size(); ++i) {
    const Matrix<double> expected = answer(sequence(rounded, i));
    // Two ways to sum the same L·p terms, of exponents up to ~20: some 1e-6 in float and 1e-14 in double.
    EXPECT_TRUE(agree(answers[i], expected, sizeof(T) == 4 ? 1e-5 : 1e-10)) << "episode " << i;
  }
}

template <class Memory>
void expect_dense_gradients(Memory& memory, Scene scene, const Answer& answer) {
  const TokenTables<double> gradient = gradients(memory, scene);
  const auto f = [&] { return weighted_sum(scene, answer); };
  const auto expect = [&](const Matrix<double>& actual, Matrix<double>& table, const char* what) {
    ASSERT_EQ(actual.rows(), table.rows()) << what;
    ASSERT_EQ(actual.cols(), table.cols()) << what;
    const Matrix<double> expected = reference::central_differences(f, table);
    // h² times third derivatives of exponentials, and rounding of f (up to ~100 times the gradient) over h.
    // With a single write attention has no gradient but ε's: then both are rounding.
    EXPECT_TRUE(agree(actual, expected, 1e-6) || (actual - expected).cwiseAbs().maxCoeff() < 1e-9)
        << what << ": " << agree(actual, expected, 1e-6).message();
  };
  expect(gradient.key, scene.tables.key, "by the key table");
  if (scene.tables.keys_depend_on_values()) {
    expect(gradient.value, scene.tables.value, "by the value table");
  } else {
    EXPECT_EQ(gradient.value.cols(), 0);
  }
  expect(gradient.query, scene.tables.query, "by the query table");
  const auto expect_gate = [&](const GateTable<double>& actual, GateTable<double>& table, const char* what) {
    for (const auto part : {&GateTable<double>::key, &GateTable<double>::value}) {
      ASSERT_EQ((actual.*part).size(), (table.*part).size()) << what;
      Matrix<double> logits = table.*part;
      const auto at = [&] {
        table.*part = logits.col(0);
        return f();
      };
      if (logits.size() == 0) continue;
      const Vector<double> here = table.*part;
      const Matrix<double> expected = reference::central_differences(at, logits);
      table.*part = here;
      EXPECT_TRUE(agree(actual.*part, expected, 1e-6) || (actual.*part - expected).cwiseAbs().maxCoeff() < 1e-9)
          << what << ": " << agree(actual.*part, expected, 1e-6).message();
    }
  };
  expect_gate(gradient.strength, scene.tables.strength, "by the logits of β");
  expect_gate(gradient.decay, scene.tables.decay, "by the logits of α");
}

}  // namespace palimpsest::memory_test
