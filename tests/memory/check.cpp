#include "memory/check.hpp"

namespace palimpsest::memory_test {

std::vector<Scene> scenes() {
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

testing::AssertionResult is_gradient(const Matrix<double>& actual, const Matrix<double>& expected) {
  const auto agreement = agree(actual, expected, 1e-6);
  if (agreement || (actual - expected).cwiseAbs().maxCoeff() < 1e-9) return testing::AssertionSuccess();
  return agreement;
}

void expect_dense_gradients(const TokenTables<double>& gradient, Scene scene, const Answer& answer) {
  const auto f = [&] { return weighted_sum(scene, answer); };
  const auto expect = [&](const Matrix<double>& actual, Matrix<double>& table, const char* what) {
    ASSERT_EQ(actual.rows(), table.rows()) << what;
    ASSERT_EQ(actual.cols(), table.cols()) << what;
    EXPECT_TRUE(is_gradient(actual, reference::central_differences(f, table))) << what;
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
      EXPECT_TRUE(is_gradient(actual.*part, expected)) << what;
    }
  };
  expect_gate(gradient.strength, scene.tables.strength, "by the logits of β");
  expect_gate(gradient.decay, scene.tables.decay, "by the logits of α");
}

}  // namespace palimpsest::memory_test
