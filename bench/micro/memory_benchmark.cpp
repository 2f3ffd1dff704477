// Reading an episode of L = S writes from a memory, with and without the adjoint, for one query (as in training), for 64, and
// for all S (as in evaluation): `memory_read/fast_weight:dpfp:3/one/L:600`. Fast weight memories have the sum rule and
// attention normalisation, or the rule that they are named with and `sum`; their kernels are chosen for p = 64, 128, 384 features at d = 64. Keys depend on the values,
// as in the published model.
//
// Operations: see pair/operations.hpp. What a step's episodes share (lifts, features of queries, softmax's logits) is
// neither timed nor counted; a training step has it.
#include <numeric>
#include <string>
#include <variant>
#include <vector>

#include "measure.hpp"
#include "palimpsest/pair/all.hpp"
#include "palimpsest/task/all.hpp"

namespace palimpsest::micro {
namespace {

constexpr Index kKeyDim = 64;

template <class Memory>
void read(benchmark::State& state, Memory memory, Index N, bool with_adjoint) {
  const Index L = state.range(0);
  if (N == 0) N = L;
  Episode episode;
  Stream stream(1, Purpose::test, 0);
  AssociativeRetrieval({L, L, false}).deal_evaluation(stream, episode);
  const TokenTables<Real> tables{uniform_matrix(kKeyDim, L, 1), uniform_matrix(kKeyDim, L, 2),
                                 uniform_matrix(kKeyDim, N, 3)};
  std::vector<int> columns(static_cast<std::size_t>(N));
  std::iota(columns.begin(), columns.end(), 0);
  Matrix<Real> Y(L, N);
  const Matrix<Real> dY = uniform_matrix(L, N, 4);
  typename Memory::Kept kept;
  memory.begin(tables);
  const Operations operations = memory.operations({L, kKeyDim, true, N}).episode({double(L), double(N)});
  measure(state, operations.forward + (with_adjoint ? operations.backward : 0), [&] {
    memory.read(episode, columns, Y, kept);
    if (with_adjoint) memory.backward(episode, columns, dY, kept);
    return Y.data();
  });
}

template <class Memory>
void register_memory(const std::string& name, const Memory& memory) {
  const auto add = [&](std::string_view queries, Index N, bool with_adjoint, std::vector<std::int64_t> sizes) {
    auto* row = benchmark::RegisterBenchmark(
        fmt::format("memory_read{}/{}/{}", with_adjoint ? "+adjoint" : "", name, queries).c_str(),
        [=](benchmark::State& state) { read(state, memory, N, with_adjoint); });
    row->ArgName("L");
    for (const auto L : sizes) row->Arg(L);
  };
  for (const bool with_adjoint : {false, true}) {
    add("one", 1, with_adjoint, {20, 100, 128, 300, 600});
    add("64", 64, with_adjoint, {128});
    add("all", 0, with_adjoint, {20, 100, 300, 600});
  }
}

void register_fast_weight(const std::string& kernel, const std::string& rule = "sum",
                          const std::string& normalization = "attention") {
  MemoryOptions options;
  options.key_dim = kKeyDim;
  options.kernel = kernel;
  options.rule = rule;
  options.normalization = normalization;
  options.beta = "0.5";
  options.alpha = "0.99";
  register_memory(fmt::format("fast_weight:{}{}", kernel, rule == "sum" ? "" : "+" + rule), FastWeight<Real>(options));
}

}  // namespace

void register_memories() {
  for (const char* kernel : {"elu", "dpfp:1", "dpfp:3"}) register_fast_weight(kernel);
  for (const char* rule : {"delta", "gated_delta"})
    for (const char* kernel : {"elu", "dpfp:1"}) register_fast_weight(kernel, rule, "sum");
  register_memory("softmax", SoftmaxMemory<Real>());
}

}  // namespace palimpsest::micro
