// The two checks that every memory must pass against its dense version.
#pragma once

#include "pair/scene.hpp"
#include "reference/agree.hpp"

namespace palimpsest::pair_test {

using reference::agree;
using reference::is_gradient;

/// Sizes and queries: single and many, all, neighbours, gaps, out of order, one asked twice.
std::vector<Scene> scenes();

/// Two ways to sum the same L·p terms, of exponents up to ~20: some 1e-6 in float and 1e-14 in double.
template <class T>
constexpr double kAgreement = sizeof(T) == 4 ? 1e-5 : 1e-10;

/// memory: in precision T; answer: in double.
template <class T, class Memory>
void expect_dense_outputs(Memory& memory, const Scene& scene, const Answer& answer, double tolerance = kAgreement<T>) {
  const TokenTables<T> tables = cast<T>(scene.tables);
  Scene rounded = scene;  // both start from the same numbers
  rounded.tables = cast<double>(tables);
  const auto answers = read_all<T>(memory, scene, tables);
  for (std::size_t i = 0; i < scene.episodes.size(); ++i) {
    const Matrix<double> expected = answer(sequence(rounded, i));
    EXPECT_TRUE(agree(answers[i], expected, tolerance)) << "episode " << i;
  }
}

/// gradient: by the scene's tables, as the memory has it.
void expect_dense_gradients(const TokenTables<double>& gradient, Scene scene, const Answer& answer);

}  // namespace palimpsest::pair_test
