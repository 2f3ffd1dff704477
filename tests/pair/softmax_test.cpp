#include "palimpsest/pair/softmax.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "pair/check.hpp"

namespace palimpsest {
namespace {

using namespace pair_test;
using M = Matrix<double>;

M dense(const reference::Sequence& sequence) { return reference::softmax_attention(sequence); }

TEST(SoftmaxMemory, OutputsAreThoseOfWholeTokens) {
  for (const Scene& scene : scenes()) {
    SoftmaxMemory<double> memory;
    expect_dense_outputs<double>(memory, scene, dense);
    SoftmaxMemory<float> single;
    expect_dense_outputs<float>(single, scene, dense);
  }
}

TEST(SoftmaxMemory, GradientsAreThoseOfWholeTokens) {
  for (const Scene& scene : scenes()) {
    SoftmaxMemory<double> memory;
    expect_dense_gradients(gradients(memory, scene), scene, dense);
  }
}

TEST(SoftmaxMemory, AStepStartsWithoutTheGradientsOfTheLast) {
  const Scene scene = pair_test::scene(5, 7, 9, true, {{2}, {1, 2, 3}});
  SoftmaxMemory<double> memory;
  const auto first = gradients(memory, scene), second = gradients(memory, scene);
  EXPECT_FALSE(first.key.isZero(0) || first.value.isZero(0) || first.query.isZero(0));
  EXPECT_EQ(first.key, second.key);
  EXPECT_EQ(first.value, second.value);
  EXPECT_EQ(first.query, second.query);
}

TEST(SoftmaxMemory, AnswersByHand) {
  // d = 4, √d = 2. Keys 2e_0 and 0, query (ln 3) e_0: logits 2·ln 3/2 = ln 3 and 0, weights 3/4 and 1/4.
  const TokenTables<double> tables{2 * M::Identity(4, 2) * M{{1, 0}, {0, 0}}, M(4, 0),
                                   std::log(3.0) * M::Identity(4, 1)};
  SoftmaxMemory<double> memory;
  M Y(2, 1);
  memory.begin(tables);
  read(memory, {{0, 1}, {1, 0}, {}}, std::vector<int>{0}, Y);
  EXPECT_TRUE(agree(Y, M{{0.25}, {0.75}}, 1e-15));  // last bits
}

TEST(SoftmaxMemory, CoefficientsSumToOne) {
  const Scene scene = pair_test::scene(5, 7, 9, true, {{1, 4, 6}});
  SoftmaxMemory<double> memory;
  M Y(7, 3);
  memory.begin(scene.tables);
  const M C = read(memory, scene.episodes[0], scene.columns[0], Y).coefficients();
  for (Index n = 0; n < 3; ++n) EXPECT_NEAR(C.col(n).sum(), 1, 1e-14);  // rounding of 9 terms
}

TEST(SoftmaxMemory, LargeLogitsDontOverflow) {
  // Logits ±1e4/√2: the largest takes everything, exactly.
  const TokenTables<float> tables{1e2f * Matrix<float>::Identity(2, 2), Matrix<float>(2, 0),
                                  Matrix<float>{{1e2f}, {-1e2f}}};
  SoftmaxMemory<float> memory;
  Matrix<float> Y(2, 1), dY{{1.f}, {-1.f}};
  memory.begin(tables);
  const Episode episode{{0, 1}, {0, 1}, {}};
  auto kept = read(memory, episode, std::vector<int>{0}, Y);
  EXPECT_EQ(Y, (Matrix<float>{{1.f}, {0.f}}));
  memory.backward(episode, std::vector<int>{0}, dY, kept);
  TokenTables<float> gradient;
  memory.end(gradient);
  EXPECT_TRUE(gradient.key.isZero(0) && gradient.query.isZero(0));
}

}  // namespace
}  // namespace palimpsest
