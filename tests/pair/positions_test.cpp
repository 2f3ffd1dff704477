// A query that sees the first r writes of an episode is one at the end of the episode cut at r: answers and all gradients,
// of every rule with every normalisation, and of softmax attention with and without a window.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
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

/// `seen`: writes that each query of the first episode sees. Sums of L·p terms come in another order.
template <class Memory>
void expect_queries_of_cut_episodes(Memory memory, const Scene& scene, const std::vector<Index>& seen,
                                    double tolerance = 1e-10) {
  const Episode& whole = scene.episodes[0];
  const auto& columns = scene.columns[0];
  const M dY = weights(scene, 0);
  M Y(scene.S, std::ssize(columns));
  memory.begin(scene.tables);
  auto kept = read(memory, whole, {columns, seen}, Y);
  memory.backward(whole, {columns, seen}, dY, kept);
  const M together = all_gradients(memory);
  M apart = M::Zero(together.rows(), 1);
  for (std::size_t n = 0; n < columns.size(); ++n) {
    if (seen[n] == 0) {
      EXPECT_TRUE(Y.col(static_cast<Index>(n)).isZero(0));
      continue;
    }
    Episode cut = whole;
    cut.keys.resize(static_cast<std::size_t>(seen[n]));
    cut.values.resize(static_cast<std::size_t>(seen[n]));
    const std::vector<int> column{columns[n]};
    M y(scene.S, 1);
    memory.begin(scene.tables);
    memory.read(cut, column, y, kept);
    memory.backward(cut, column, dY.col(static_cast<Index>(n)), kept);
    apart += all_gradients(memory);
    EXPECT_TRUE(agree(Y.col(static_cast<Index>(n)), y, tolerance)) << "query " << n;
  }
  EXPECT_TRUE(agree(together, apart, 100 * tolerance));
}

const std::vector<std::vector<Index>> kPositions = {
    {13, 13, 13, 13}, {0, 0, 0, 0}, {1, 13, 7, 0}, {4, 4, 5, 3}, {12, 2, 2, 13}};

Scene plain(bool with_values) { return scene(5, 7, 13, with_values, {{0, 4, 2, 4}}); }

TEST(Positions, OfFastWeightMemories) {
  for (const bool with_values : {true, false})
    for_each_fast_weight(plain(with_values), [](const auto& memory, const Scene& scene, const std::string& rule) {
      for (const auto& seen : kPositions) {
        SCOPED_TRACE(fmt::format("after {}", seen[0]));
        // 1e-16 times the condition of K Kᵀ + 1e-6 where keys repeat.
        expect_queries_of_cut_episodes(memory, scene, seen, rule == "rls" ? 1e-7 : 1e-10);
      }
    });
}

TEST(Positions, OfSoftmaxAttention) {
  for (const bool with_values : {true, false})
    for (const auto& seen : kPositions) {
      expect_queries_of_cut_episodes(SoftmaxMemory<double>(), plain(with_values), seen);
      for (const int w : {1, 3, 13})
        expect_queries_of_cut_episodes(WindowMemory<double>(w, {}), plain(with_values), seen);
    }
}

TEST(Window, OfTheWholeSequenceIsSoftmaxAttention) {
  const Scene scene = plain(true);
  SoftmaxMemory<double> softmax;
  WindowMemory<double> window(13, {});
  EXPECT_EQ(read_all<double>(window, scene, scene.tables)[0], read_all<double>(softmax, scene, scene.tables)[0]);
}

// Of keys 0, 1 written before and equal keys 2, 2 within the window, only the last two values are answered, half each.
TEST(Window, KeepsTheLastWritesByHand) {
  TokenTables<double> tables{M::Zero(1, 3), M(1, 0), M::Zero(1, 1)};
  WindowMemory<double> window(2, {});
  M Y(3, 1);
  window.begin(tables);
  read(window, {{0, 1, 2, 2}, {0, 0, 1, 2}, {}}, std::vector<int>{0}, Y);
  EXPECT_TRUE(agree(Y, M{{0}, {0.5}, {0.5}}, 1e-15));
}

TEST(Window, AnswersLikeTheCutSequence) {
  const Scene scene = plain(false);
  Episode late = scene.episodes[0];
  late.keys.erase(late.keys.begin(), late.keys.end() - 5);
  late.values.erase(late.values.begin(), late.values.end() - 5);
  SoftmaxMemory<double> softmax;
  WindowMemory<double> window(5, {});
  M expected(scene.S, 4), actual(scene.S, 4);
  softmax.begin(scene.tables);
  read(softmax, late, scene.columns[0], expected);
  window.begin(scene.tables);
  read(window, scene.episodes[0], scene.columns[0], actual);
  EXPECT_TRUE(agree(actual, expected, 1e-14));
}

}  // namespace
}  // namespace palimpsest
