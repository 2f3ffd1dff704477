// A query that sees the first r writes of an episode is one at the end of the episode cut at r: answers and all gradients,
// of every rule with every normalisation, and of softmax attention with and without a window.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "pair/scene.hpp"
#include "palimpsest/pair/all.hpp"
#include "reference/agree.hpp"

namespace palimpsest {
namespace {

using namespace pair_test;
using M = Matrix<double>;
using reference::agree;

/// Gradients of a step by tables and by the memory's own parameters, below each other in one column.
template <class Memory>
M gathered(Memory& memory) {
  TokenTables<double> gradient;
  memory.end(gradient);
  std::vector<M> parts{gradient.key, gradient.value, gradient.query};
  for (const auto& gate : gradient.gates) {
    parts.push_back(gate.key);
    parts.push_back(gate.value);
  }
  if constexpr (requires { memory.parameters(); })
    for (const auto* parameter : memory.parameters()) parts.push_back(parameter->gradient);
  Index size = 0;
  for (const auto& part : parts) size += part.size();
  M all(size, 1);
  Index at = 0;
  for (const auto& part : parts) {
    all.col(0).segment(at, part.size()) = part.reshaped();
    at += part.size();
  }
  return all;
}

/// `seen`: writes that each query of the first episode sees. Sums of L·p terms come in another order.
template <class Memory>
void expect_queries_of_cut_episodes(Memory memory, const Scene& scene, const std::vector<Index>& seen,
                                    double tolerance = 1e-10) {
  const Episode& whole = scene.episodes[0];
  const auto& columns = scene.columns[0];
  const M dY = weights(scene, 0);
  M Y(scene.S, std::ssize(columns));
  memory.begin(scene.tables);
  memory.read(whole, {columns, seen}, Y);
  memory.backward(whole, {columns, seen}, dY);
  const M together = gathered(memory);
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
    memory.read(cut, column, y);
    memory.backward(cut, column, dY.col(static_cast<Index>(n)));
    apart += gathered(memory);
    EXPECT_TRUE(agree(Y.col(static_cast<Index>(n)), y, tolerance)) << "query " << n;
  }
  EXPECT_TRUE(agree(together, apart, 100 * tolerance));
}

const std::vector<std::vector<Index>> kPositions = {
    {13, 13, 13, 13}, {0, 0, 0, 0}, {1, 13, 7, 0}, {4, 4, 5, 3}, {12, 2, 2, 13}};

Scene plain(bool with_values) { return scene(5, 7, 13, with_values, {{0, 4, 2, 4}}); }

TEST(Positions, OfFastWeightMemories) {
  for (const std::string kernel : {"elu", "dpfp:1"})
    Rules<double>::for_each([&]<class R>() {
      Normalizations<double>::for_each([&]<class N>() {
        if (N::accumulates && requires { R::refuses_divisor(""); }) return;
        for (const bool with_values : {true, false}) {
          const auto rule =
              make_component<Rules<double>>("rule", fmt::format("{}{}", R::name, TakesArgument<R> ? ":2" : ""));
          const FastWeight<double> memory(make_component<Kernels<double>>("kernel", kernel), rule, N(), 5);
          const Scene scene = std::visit(
              [&](const auto& r) {
                return with_gates(plain(with_values), r.steps_a_write(), memory.feature_dim(), R::largest_strength,
                                  {R::gates.begin(), R::gates.end()});
              },
              rule);
          for (const auto& seen : kPositions) {
            SCOPED_TRACE(fmt::format("{} {} {} {} after {}", kernel, R::name, N::name, with_values, seen[0]));
            // 1e-16 times the condition of K Kᵀ + 1e-6 where keys repeat.
            expect_queries_of_cut_episodes(memory, scene, seen, R::name == "rls" ? 1e-7 : 1e-10);
          }
        }
      });
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
  window.read({{0, 1, 2, 2}, {0, 0, 1, 2}, {}}, std::vector<int>{0}, Y);
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
  softmax.read(late, scene.columns[0], expected);
  window.begin(scene.tables);
  window.read(scene.episodes[0], scene.columns[0], actual);
  EXPECT_TRUE(agree(actual, expected, 1e-14));
}

}  // namespace
}  // namespace palimpsest
