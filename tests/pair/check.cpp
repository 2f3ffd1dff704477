#include "pair/check.hpp"

#include <string_view>

namespace palimpsest::pair_test {

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
  const auto expect_gate = [&](const GateTable<double>& actual, GateTable<double>& table, std::string_view what) {
    for (const auto part : {&GateTable<double>::key, &GateTable<double>::value}) {
      ASSERT_EQ((actual.*part).size(), (table.*part).size()) << what;
      if ((table.*part).size() > 0) {
        EXPECT_TRUE(is_gradient(actual.*part, reference::central_differences(f, table.*part))) << what;
      }
    }
  };
  ASSERT_EQ(gradient.gates.size(), scene.tables.gates.size());
  for (std::size_t i = 0; i < gradient.gates.size(); ++i)
    expect_gate(gradient.gates[i], scene.tables.gates[i], scene.gates[i].name);
}

}  // namespace palimpsest::pair_test
