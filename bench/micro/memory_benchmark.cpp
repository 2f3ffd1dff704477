// Reading an episode of L = S writes from a memory, with and without the adjoint, for one query (as in training) and
// for all S (as in evaluation): `memory_read/fast_weight:dpfp:3/one/L:600`. Fast weight memories have the sum rule and
// attention normalisation; their kernels are chosen for p = 64, 128, 384 features at d = 64. Keys depend on the values,
// as in the published model.
//
// Operations: see memory/operations.hpp. What a step's episodes share (lifts, features of queries, softmax's logits) is
// neither timed nor counted; a training step has it.
#include <numeric>
#include <string>
#include <variant>
#include <vector>

#include "measure.hpp"
#include "palimpsest/memory/all.hpp"
#include "palimpsest/memory/operations.hpp"
#include "palimpsest/task/all.hpp"

namespace palimpsest::micro {
namespace {

constexpr Index kKeyDim = 64;

/// `count(tables, episode)`: the operations of an episode.
template <class Memory, class Count>
void read(benchmark::State& state, Memory memory, bool all_queries, bool with_adjoint, Count count) {
  const Index L = state.range(0), N = all_queries ? L : 1;
  Episode episode;
  Stream stream(1, Purpose::test, 0);
  AssociativeRetrieval(L, L, false).deal_evaluation(stream, episode);
  const TokenTables<Real> tables{uniform_matrix(kKeyDim, L, 1), uniform_matrix(kKeyDim, L, 2),
                                 uniform_matrix(kKeyDim, N, 3)};
  std::vector<int> columns(static_cast<std::size_t>(N));
  std::iota(columns.begin(), columns.end(), 0);
  Matrix<Real> Y(L, N);
  const Matrix<Real> dY = uniform_matrix(L, N, 4);
  memory.begin(tables);
  const Operations operations = count(TableShape{L, kKeyDim, true, N}, EpisodeShape{double(L), double(N)});
  measure(state, operations.forward + (with_adjoint ? operations.backward : 0), [&] {
    memory.read(episode, columns, Y);
    if (with_adjoint) memory.backward(episode, columns, dY);
    return Y.data();
  });
}

template <class Memory, class Count>
void register_memory(const std::string& name, const Memory& memory, Count count) {
  for (const bool with_adjoint : {false, true})
    for (const bool all_queries : {false, true})
      benchmark::RegisterBenchmark(
          fmt::format("memory_read{}/{}/{}", with_adjoint ? "+adjoint" : "", name, all_queries ? "all" : "one").c_str(),
          [=](benchmark::State& state) { read(state, memory, all_queries, with_adjoint, count); })
          ->ArgName("L")
          ->Arg(20)
          ->Arg(100)
          ->Arg(300)
          ->Arg(600);
}

void register_fast_weight(const std::string& specification) {
  const auto kernel = make_component<Kernels<Real>>("kernel", specification);
  register_memory("fast_weight:" + specification,
                  FastWeight<Real>(kernel, SumRule<Real>(), AttentionNormalization<Real>(), kKeyDim),
                  [=](const TableShape& tables, const EpisodeShape& episode) {
                    const auto of_kernel = std::visit([](const auto& k) { return facts<Real>(k, kKeyDim); }, kernel);
                    return FastWeightOperations(of_kernel, facts(SumRule<Real>()),
                                                facts(AttentionNormalization<Real>(), of_kernel.features), tables)
                        .episode(episode);
                  });
}

}  // namespace

void register_memories() {
  for (const char* kernel : {"elu", "dpfp:1", "dpfp:3"}) register_fast_weight(kernel);
  register_memory("softmax", SoftmaxMemory<Real>(),
                  [](const TableShape&, const EpisodeShape& episode) { return softmax_episode(episode); });
}

}  // namespace palimpsest::micro
