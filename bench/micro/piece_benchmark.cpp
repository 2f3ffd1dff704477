// What a training step of the published model is made of, piece by piece at its sizes (d = 64, e = ⌊2.2 S⌋, batch 32):
//   piece/W_e·E, piece/dk·Eᵀ, piece/W_eᵀ·dk   the keys' product with the embedding and its two adjoints
//   piece/encode, piece/encode_backward        the whole model
//   piece/adam                                 all parameters; beside it piece/copy, the machine's limit at that footprint
//   piece/evaluation/KERNEL                    20 sequences and all their queries, once every 100 steps
// Kernels and reads have benchmarks of their own (kernel_…, memory_…), the whole step is training_step.
#include <numeric>
#include <string>
#include <vector>

#include "measure.hpp"
#include "palimpsest/pair/all.hpp"
#include "palimpsest/train/adam.hpp"
#include "palimpsest/train/operations.hpp"
#include "palimpsest/train/pair_learner.hpp"
#include "palimpsest/train/trainer.hpp"

namespace palimpsest::micro {
namespace {

constexpr Index kKeyDim = 64, kBatch = 32;

TokenShape shape_of(Index S) { return {.S = S, .d = kKeyDim}; }

Index embedding_size(Index S) { return S * 22 / 10; }

/// C = A B, of which one side may be transposed.
template <class Product>
void product(benchmark::State& state, Index m, Index k, Index n, Matrix<Real> A, Matrix<Real> B, Product&& multiply) {
  Matrix<Real> C(m, n);
  measure(state, 2 * static_cast<double>(m) * static_cast<double>(k) * static_cast<double>(n), [&] {
    multiply(A, B, C);
    return C.data();
  });
}

void keys(benchmark::State& state) {
  const Index S = state.range(0), e = embedding_size(S);
  product(state, kKeyDim, e, S, uniform_matrix(kKeyDim, e, 0), uniform_matrix(e, S, 1),
          [](const auto& W, const auto& E, auto& k) { k.noalias() = W * E; });
}

void projection_gradient(benchmark::State& state) {
  const Index S = state.range(0), e = embedding_size(S);
  product(state, kKeyDim, S, e, uniform_matrix(kKeyDim, S, 0), uniform_matrix(e, S, 1),
          [](const auto& dk, const auto& E, auto& dW) { dW.noalias() = dk * E.transpose(); });
}

void embedding_gradient(benchmark::State& state) {
  const Index S = state.range(0), e = embedding_size(S);
  product(state, e, kKeyDim, S, uniform_matrix(kKeyDim, e, 0), uniform_matrix(kKeyDim, S, 1),
          [](const auto& W, const auto& dk, auto& dE) { dE.noalias() = W.transpose() * dk; });
}

std::vector<int> batch_keys(Index S) {
  std::vector<int> keys(kBatch);
  for (Index i = 0; i < kBatch; ++i) keys[static_cast<std::size_t>(i)] = static_cast<int>(i * 7 % S);
  return keys;
}

void encode(benchmark::State& state, bool backward) {
  const auto shape = shape_of(state.range(0));
  PublishedModel<Real> model(shape, ProjectionInit::linear, 1);
  const auto keys = batch_keys(shape.S);
  TokenTables<Real> tables;
  model.encode(keys, tables);
  const TokenTables<Real> gradient = tables;
  const auto operations = PublishedModel<Real>::operations(shape, kBatch);
  measure(state, backward ? operations.backward : operations.forward, [&] {
    if (backward)
      model.backward(keys, gradient);
    else
      model.encode(keys, tables);
    return tables.key.data();
  });
}

/// Reads g, m, v, θ and writes m, v, θ.
void adam(benchmark::State& state) {
  PublishedModel<Real> model(shape_of(state.range(0)), ProjectionInit::linear, 1);
  auto parameters = model.parameters();
  double entries = 0;
  for (auto* parameter : parameters) {
    parameter->gradient.setConstant(Real(1e-3));
    entries += static_cast<double>(parameter->value.size());
  }
  Adam<Real> adam;
  adam.update(parameters, 1e-3);
  measure(
      state, entries * kAdamOperations, [&] { return adam.update(parameters, 1e-3); }, 7 * sizeof(Real) * entries);
}

/// As many bytes as Adam touches, four parts read and three written: b ← a, c ← a, d ← b + c.
void copy(benchmark::State& state) {
  const auto entries = static_cast<Index>(PublishedModel<Real>::parameter_count(shape_of(state.range(0))));
  Vector<Real> a = Vector<Real>::Ones(entries), b = a, c = a, d = a;
  const auto copy_all = [&] {
    b = a;
    c = a;
    d = b + c;
    return d.data();
  };
  measure(state, static_cast<double>(entries), copy_all, 7 * sizeof(Real) * static_cast<double>(entries));
}

void evaluation(benchmark::State& state, Configuration configuration) {
  configuration.S = configuration.L = state.range(0);
  std::visit(
      [&]<class Memory>(const Memory& memory) {
        Trainer trainer(configuration, PairLearner<Real, AnyModel<Real>, Memory>(
                                           configuration, make_model(configuration, memory), memory));
        measure(state, count_operations(configuration).evaluation, [&] { return trainer.evaluate(1).loss; });
      },
      make_memory(configuration));
}

template <class F>
void add(const std::string& name, F&& piece) {
  benchmark::RegisterBenchmark(("piece/" + name).c_str(), std::forward<F>(piece))
      ->ArgName("S")
      ->Unit(benchmark::kMicrosecond)
      ->Arg(100)
      ->Arg(600);
}

}  // namespace

void register_pieces() {
  add("W_e·E", keys);
  add("dk·Eᵀ", projection_gradient);
  add("W_eᵀ·dk", embedding_gradient);
  add("encode", [](benchmark::State& state) { encode(state, false); });
  add("encode_backward", [](benchmark::State& state) { encode(state, true); });
  add("adam", adam);
  add("copy", copy);
  for (const char* kernel : {"elu", "dpfp:1", "dpfp:3"}) {
    Configuration configuration;
    configuration.kernel = kernel;
    add(fmt::format("evaluation/{}", kernel), [=](benchmark::State& state) { evaluation(state, configuration); });
  }
}

}  // namespace palimpsest::micro
