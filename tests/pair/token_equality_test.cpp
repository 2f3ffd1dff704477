// A memory of tokens is the memory of pairs where its values are one-hot: answers and gradients.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "pair/scene.hpp"
#include "palimpsest/pair/all.hpp"
#include "reference/agree.hpp"
#include "reference/tokens.hpp"

namespace palimpsest {
namespace {

using namespace pair_test;
using namespace reference;
using M = Matrix<double>;
using Kept = TokenMemory<double>::Kept;

/// The first episode of a scene as tokens, a column per step; its queries see so many writes.
Tokens<double> in_full(const Scene& scene, const std::vector<Index>& after) {
  const auto all = sequence(scene, 0);
  const Index n = scene.steps_per_write;
  Index rows = 0;
  for (const auto& gate : scene.tables.gates) rows += gate.key.rows();
  Tokens<double> made{all.keys, all.V, M(rows, all.keys.cols()), all.queries, weights(scene, 0), {}};
  for (Index t = 0; t < all.keys.cols(); ++t) {
    const Index key = scene.episodes[0].keys[t / n] * n + t % n;
    Index row = 0;
    for (const auto& gate : scene.tables.gates) {
      if (!gate.learnt()) continue;
      made.logits.col(t).segment(row, gate.key.rows()) = gate.key.col(key);
      row += gate.key.rows();
    }
  }
  for (const Index r : after) made.seen.push_back(n * r);
  return made;
}

/// Sums columns by key.
M by_key(const M& gradient, const Scene& scene) {
  const Index n = scene.steps_per_write;
  M sum = M::Zero(gradient.rows(), n * scene.S);
  for (Index t = 0; t < gradient.cols(); ++t) sum.col(scene.episodes[0].keys[t / n] * n + t % n) += gradient.col(t);
  return sum;
}

template <class OneHot>
void expect_same(OneHot one_hot, TokenMemory<double> memory, const Scene& scene, const std::vector<Index>& after,
                 double tolerance) {
  const auto& columns = scene.columns[0];
  M Y(scene.S, std::ssize(columns));
  one_hot.begin(scene.tables);
  auto one_hot_kept = pair_test::read(one_hot, scene.episodes[0], {columns, after}, Y);
  one_hot.backward(scene.episodes[0], {columns, after}, weights(scene, 0), one_hot_kept);
  TokenTables<double> expected;
  one_hot.end(expected);

  const auto x = in_full(scene, after);
  Kept kept;
  EXPECT_TRUE(agree(read(memory, x, kept), Y, tolerance));
  const auto d = backward(memory, x, kept);
  EXPECT_TRUE(agree(by_key(d.K, scene), expected.key, 10 * tolerance));
  M by_query = M::Zero(expected.query.rows(), expected.query.cols());
  for (std::size_t n = 0; n < columns.size(); ++n) by_query.col(columns[n]) += d.Q.col(static_cast<Index>(n));
  EXPECT_TRUE(agree(by_query, expected.query, 10 * tolerance));
  Index row = 0;
  for (const auto& gate : expected.gates) {
    const Index rows = gate.key.rows();
    if (gate.key.size() == 0) continue;
    EXPECT_TRUE(agree(by_key(d.logits.middleRows(row, rows), scene), gate.key, 10 * tolerance));
    row += rows;
  }
  if constexpr (requires { one_hot.parameters(); }) {
    const auto parameters = one_hot.parameters();
    ASSERT_EQ(parameters.size(), d.parameters.size());
    for (std::size_t i = 0; i < parameters.size(); ++i)
      EXPECT_TRUE(agree(d.parameters[i], parameters[i]->gradient, 10 * tolerance));
  }
}

/// As `made` makes a memory of tokens.
FastWeight<double> one_hot(const TokenChoice& choice, Index d) {
  FastWeight<double> memory(
      make_component<Kernels<double>>("kernel", choice.kernel), make_component<Rules<double>>("rule", choice.rule),
      make_component<Normalizations<double>>("normalization", choice.normalization), d, {}, choice.largest_beta);
  Stream stream(7, Purpose::test, 90);
  memory.draw(stream);
  memory.start();
  std::uint64_t number = 91;
  for (auto* parameter : memory.parameters())
    parameter->value += 0.1 * reference::normal(parameter->value.rows(), parameter->value.cols(), number++);
  return memory;
}

/// A scene of L writes of S keys, and queries that see so many of them.
struct Sizes {
  Index S, L;
  std::vector<Index> after;

  Scene plain() const {
    std::vector<int> columns;
    for (std::size_t n = 0; n < after.size(); ++n) columns.push_back(static_cast<int>(n % 2));
    return scene(5, S, L, false, {columns});
  }
};
const std::vector<Sizes> kSizes = {
    {2, 1, {1, 0}}, {7, 5, {5, 5, 2}}, {7, 63, {63, 0, 17, 20}}, {9, 130, {64, 130, 1, 0, 100}}};

/// Those of fast weights; of a rule whose β may reflect, with either largest one.
std::vector<TokenChoice> fast_weight_choices() {
  std::vector<TokenChoice> all;
  for (auto choice : token_choices()) {
    if (choice.memory != "fast_weight") continue;
    all.push_back(choice);
    choice.largest_beta = traits_of(make_component<Rules<double>>("rule", choice.rule)).largest_strength();
    if (choice.largest_beta > 1) all.push_back(choice);
  }
  return all;
}

TEST(TokensAndPairs, TokenMemoryIsTheFastWeightMemoryOfOneHotValues) {
  for (const auto& choice : fast_weight_choices()) {
    const auto rule = make_component<Rules<double>>("rule", choice.rule);
    for (const auto& sizes : kSizes) {
      SCOPED_TRACE(fmt::format("{}, L = {}", choice.label(), sizes.L));
      const auto memory = choice.made<double>(5);
      const Scene x = std::visit(
          [&]<class R>(const R& r) {
            return with_gates(sizes.plain(), r.steps_per_write(), memory.feature_dim(),
                              {R::gates.begin(), R::gates.end()}, choice.largest_beta);
          },
          rule);
      // Sums in another order; least squares by another decomposition, with the condition of K Kᵀ + 1e-6.
      expect_same(one_hot(choice, 5), memory, x, sizes.after, choice.rule == "rls" ? 1e-6 : 1e-10);
    }
  }
}

TEST(TokensAndPairs, TokenMemoryIsSoftmaxAttentionToOneHotValues) {
  const auto options = TokenChoice{}.options(5);
  for (const auto& sizes : kSizes) {
    const Scene x = sizes.plain();
    expect_same(SoftmaxMemory<double>(options), TokenMemory<double>("softmax", options), x, sizes.after, 1e-13);
    expect_same(WindowMemory<double>(7, options), TokenMemory<double>("window:7", options), x, sizes.after, 1e-13);
  }
}

}  // namespace
}  // namespace palimpsest
