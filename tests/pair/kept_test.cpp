// What a read keeps belongs to the caller: episodes of a step may all be read before any adjoint, and their adjoints come in any
// order. Of every rule with every normalisation and two kernels, of random features, and of softmax attention.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "pair/fast_weights.hpp"
#include "pair/scene.hpp"
#include "palimpsest/pair/all.hpp"
#include "reference/agree.hpp"

namespace palimpsest {
namespace {

using namespace pair_test;
using M = Matrix<double>;
using reference::agree;

/// Five episodes with one query or several, some of which see a part of the writes.
const std::vector<std::vector<int>> kColumns = {{2}, {0, 4, 2}, {5}, {6, 1}, {2}};
const std::vector<std::vector<Index>> kAfter = {{13}, {13, 0, 7}, {4}, {13, 13}, {13}};

Scene plain(bool with_values) { return scene(5, 7, 13, with_values, kColumns); }

/// Answers of a step and its gradients.
struct Step {
  std::vector<M> answers;
  M gradients;
};

/// Reads all episodes first, then takes the adjoints in this order.
template <class Memory>
Step read_first(Memory memory, const Scene& scene, const std::vector<std::size_t>& order) {
  std::vector<typename Memory::Kept> kept(scene.episodes.size());
  Step step;
  memory.begin(scene.tables);
  for (std::size_t i = 0; i < kept.size(); ++i) {
    auto& Y = step.answers.emplace_back(scene.S, std::ssize(kColumns[i]));
    memory.read(scene.episodes[i], {kColumns[i], kAfter[i]}, Y, kept[i]);
  }
  for (const std::size_t i : order)
    memory.backward(scene.episodes[i], {kColumns[i], kAfter[i]}, weights(scene, i), kept[i]);
  step.gradients = all_gradients(memory);
  return step;
}

/// Each adjoint right after its read, all with one Kept.
template <class Memory>
Step one_after_the_other(Memory memory, const Scene& scene) {
  typename Memory::Kept kept;
  Step step;
  memory.begin(scene.tables);
  for (std::size_t i = 0; i < scene.episodes.size(); ++i) {
    auto& Y = step.answers.emplace_back(scene.S, std::ssize(kColumns[i]));
    memory.read(scene.episodes[i], {kColumns[i], kAfter[i]}, Y, kept);
    memory.backward(scene.episodes[i], {kColumns[i], kAfter[i]}, weights(scene, i), kept);
  }
  step.gradients = all_gradients(memory);
  return step;
}

template <class Memory>
void expect_any_order(const Memory& memory, const Scene& scene) {
  const Step expected = one_after_the_other(memory, scene);
  ASSERT_TRUE(expected.gradients.allFinite());
  ASSERT_GT(expected.gradients.cwiseAbs().maxCoeff(), 0);
  const Step same = read_first(memory, scene, {0, 1, 2, 3, 4});
  EXPECT_EQ(same.answers, expected.answers);
  EXPECT_EQ(same.gradients, expected.gradients);
  // Five terms are added in another order; a few may be larger than their sum.
  for (const auto& order : {std::vector<std::size_t>{4, 3, 2, 1, 0}, {2, 0, 4, 1, 3}})
    EXPECT_TRUE(agree(read_first(memory, scene, order).gradients, expected.gradients, 1e-12));
}

TEST(Kept, BelongsToTheCallerOfAFastWeightMemory) {
  for (const bool with_values : {true, false})
    for_each_fast_weight(plain(with_values), [](const auto& memory, const Scene& scene, const std::string&) {
      expect_any_order(memory, scene);
    });
}

// Features of keys are products of those of table entries where they depend on values (pair/factored_keys.hpp).
TEST(Kept, BelongsToTheCallerOfRandomFeatures) {
  for (const bool with_values : {true, false})
    for (const std::string rule : {"sum", "delta"}) {
      FastWeight<double> memory(Favor<double>(3), make_component<Rules<double>>("rule", rule),
                                AttentionNormalization<double>(), 5);
      Stream stream(1, Purpose::test, 0);
      memory.draw(stream);
      expect_any_order(memory, plain(with_values));
    }
}

TEST(Kept, BelongsToTheCallerOfSoftmaxAttention) {
  for (const bool with_values : {true, false}) {
    expect_any_order(SoftmaxMemory<double>(), plain(with_values));
    expect_any_order(WindowMemory<double>(3, {}), plain(with_values));
  }
}

}  // namespace
}  // namespace palimpsest
