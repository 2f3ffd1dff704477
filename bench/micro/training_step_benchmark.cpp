// A whole training step by the published protocol (a batch of 32 fresh episodes of L = S writes, one query each, and
// Adam): `training_step/published/dpfp:3/S:600`, and how its time grows with S.
//
// Operations: encode and backward of the model, the memory's shared and its episodes' part, 13 a parameter for Adam;
// see operations.hpp. Dealing the episodes is timed and not counted.
#include <string>
#include <utility>
#include <variant>

#include "measure.hpp"
#include "operations.hpp"
#include "palimpsest/memory/all.hpp"
#include "palimpsest/train/trainer.hpp"

namespace palimpsest::micro {
namespace {

using TimedModels = TypeList<PublishedModel<Real>, TableModel<Real>>;

/// `count_memory(S, d, B, keys_depend_on_values)`: the memory's operations in a step of B episodes.
template <class Model, class Memory, class Count>
void training_step(benchmark::State& state, const Memory& memory, ProjectionInit init, Count count_memory,
                   bool overwriting = false) {
  Configuration configuration;
  configuration.S = configuration.L = state.range(0);
  if (overwriting) {
    configuration.L *= 2;
    configuration.replacement = true;
  }
  const Index S = configuration.S, d = configuration.key_dim, B = configuration.batch;
  Model model({S, d, 1, overwriting}, init, configuration.seed);
  TokenTables<Real> tables;
  model.encode({0}, tables);
  Index operations = model_step(model, d, S, B) + count_memory(S, d, B, tables.keys_depend_on_values());
  for (const auto* parameter : model.parameters()) operations += kAdamOfAParameter * parameter->value.size();
  Trainer<Real, Model, Memory> trainer(configuration, std::move(model), memory);
  measure(state, operations, [&] { return trainer.step(); });
  state.SetComplexityN(S);
}

template <class Memory, class Count>
void register_memory(const std::string& name, const Memory& memory, ProjectionInit init, Count count_memory) {
  TimedModels::for_each([&]<class Model>() {
    benchmark::RegisterBenchmark(
        fmt::format("training_step/{}/{}", Model::name, name).c_str(),
        [=](benchmark::State& state) { training_step<Model>(state, memory, init, count_memory); })
        ->ArgName("S")
        ->Arg(20)
        ->Arg(100)
        ->Arg(200)
        ->Arg(300)
        ->Arg(600)
        ->Unit(benchmark::kMicrosecond)
        ->Complexity();
  });
}

void register_fast_weight(const std::string& specification) {
  const auto kernel = make_component<Kernels<Real>>("kernel", specification);
  register_memory(
      specification, FastWeight<Real>(kernel, SumRule<Real>(), AttentionNormalization<Real>(), Configuration().key_dim),
      ProjectionInit::linear, [=](Index S, Index d, Index B, bool keys_depend_on_values) {
        return std::visit(
            [&](const auto& k) {
              const auto episode = keys_depend_on_values ? fast_weight_episode(k, d, S, 1) : looked_up_episode(S, 1);
              return fast_weight_step(k, d, S, B, keys_depend_on_values) + B * (episode.read + episode.backward);
            },
            kernel);
      });
}

/// Setting 2 of the 2021 paper: L = 2S writes with replacement, the delta rule with learnt strengths, `sum` normalisation:
/// `training_step/published/delta+dpfp:1/S:200`.
void register_delta(const std::string& specification) {
  const auto kernel = make_component<Kernels<Real>>("kernel", specification);
  const FastWeight<Real> memory(kernel, DeltaRule<Real>(), SumNormalization<Real>(), Configuration().key_dim);
  const auto count = [=](Index S, Index d, Index B, bool) {
    return std::visit([&](const auto& k) { return delta_step(k, d, 2 * S, B); }, kernel);
  };
  benchmark::RegisterBenchmark(("training_step/published/delta+" + specification).c_str(),
                               [=](benchmark::State& state) {
                                 training_step<PublishedModel<Real>>(state, memory, ProjectionInit::linear, count, true);
                               })
      ->ArgName("S")
      ->Arg(20)
      ->Arg(60)
      ->Arg(100)
      ->Arg(200)
      ->Arg(400)
      ->Unit(benchmark::kMicrosecond)
      ->Complexity();
}

}  // namespace

void register_training_steps() {
  for (const char* kernel : {"elu", "dpfp:1"}) register_delta(kernel);
  for (const char* kernel : {"elu", "dpfp:1", "dpfp:3", "favor:64"}) register_fast_weight(kernel);
  register_memory("softmax", SoftmaxMemory<Real>(), ProjectionInit::softmax,
                  [](Index S, Index d, Index B, bool keys_depend_on_values) {
                    const auto episode = softmax_episode(S, 1);
                    return softmax_step(d, S, B, keys_depend_on_values) + B * (episode.read + episode.backward);
                  });
}

}  // namespace palimpsest::micro
