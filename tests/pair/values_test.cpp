#include "palimpsest/pair/values.hpp"

#include <gtest/gtest.h>

#include "reference/agree.hpp"
#include "reference/dense.hpp"
#include "reference/random.hpp"

namespace palimpsest {
namespace {

using M = Matrix<double>;

TEST(OneHotValues, ScatterIsTheProductWithTheValueMatrix) {
  const std::vector<int> values{3, 0, 3, 1, 3};
  const M C = reference::normal(5, 2, 80), V = reference::one_hot(values, 4);
  reference::PoisonedWindow<double> Y(4, 2);
  scatter_to_values<double>(values, C, Y.view());
  EXPECT_TRUE(Y.in_bounds());
  EXPECT_TRUE(reference::agree(Y.value(), V * C, 1e-15));  // the order of three terms
}

TEST(OneHotValues, GatherIsTheTransposedProduct) {
  const std::vector<int> values{3, 0, 3, 1, 3};
  const M dY = reference::normal(4, 2, 81), V = reference::one_hot(values, 4);
  reference::PoisonedWindow<double> dC(5, 2);
  gather_from_values<double>(values, dY, dC.view());
  EXPECT_TRUE(dC.in_bounds());
  EXPECT_EQ(dC.value(), M(V.transpose() * dY));
}

}  // namespace
}  // namespace palimpsest
