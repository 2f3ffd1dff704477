// A whole training step by the published protocol (a batch of 32 fresh episodes of L = S writes, one query each, and
// Adam): `training_step/published/dpfp:3/S:600`, and how its time grows with S.
//
// Operations: those of train/operations.hpp, as the components state them. Dealing the episodes is timed and not
// counted.
#include <string>
#include <utility>
#include <variant>

#include "measure.hpp"
#include "palimpsest/memory/all.hpp"
#include "palimpsest/model/all.hpp"
#include "palimpsest/train/operations.hpp"
#include "palimpsest/train/trainer.hpp"

namespace palimpsest::micro {
namespace {

using TimedModels = TypeList<PublishedModel<Real>, TableModel<Real>>;

/// `configuration`: all but S, L and the model.
template <class Model, class Memory>
void training_step(benchmark::State& state, Configuration configuration, const Memory& memory) {
  const bool overwriting = configuration.replacement;
  configuration.S = state.range(0);
  configuration.L = (overwriting ? 2 : 1) * configuration.S;
  configuration.model = Model::name;
  const auto init = is_softmax(configuration) ? ProjectionInit::softmax : ProjectionInit::linear;
  Trainer<Real, Model, Memory> trainer(configuration, Model(token_shape(configuration), init, configuration.seed),
                                       memory);
  measure(state, count_operations(configuration).step, [&] { return trainer.step(); });
  state.SetComplexityN(configuration.S);
}

template <class Model, class Memory>
benchmark::internal::Benchmark* register_model(const std::string& name, const Configuration& configuration,
                                               const Memory& memory) {
  return benchmark::RegisterBenchmark(
             fmt::format("training_step/{}/{}", Model::name, name).c_str(),
             [=](benchmark::State& state) { training_step<Model>(state, configuration, memory); })
      ->ArgName("S")
      ->Unit(benchmark::kMicrosecond)
      ->Complexity();
}

template <class Memory>
void register_memory(const std::string& name, const Configuration& configuration, const Memory& memory) {
  TimedModels::for_each([&]<class Model>() {
    register_model<Model>(name, configuration, memory)->Arg(20)->Arg(100)->Arg(200)->Arg(300)->Arg(600);
  });
}

void register_fast_weight(const std::string& specification) {
  Configuration configuration;
  configuration.kernel = specification;
  register_memory(specification, configuration,
                  FastWeight<Real>(make_component<Kernels<Real>>("kernel", specification), SumRule<Real>(),
                                   AttentionNormalization<Real>(), configuration.key_dim));
}

/// Setting 2 of the 2021 paper: L = 2S writes with replacement, the delta rule with learnt strengths, `sum` normalisation:
/// `training_step/published/delta+dpfp:1/S:200`.
void register_delta(const std::string& specification) {
  Configuration configuration;
  configuration.replacement = true;
  configuration.kernel = specification;
  configuration.rule = "delta";
  configuration.normalization = "sum";
  const FastWeight<Real> memory(make_component<Kernels<Real>>("kernel", specification), DeltaRule<Real>(),
                                SumNormalization<Real>(), configuration.key_dim);
  register_model<PublishedModel<Real>>("delta+" + specification, configuration, memory)
      ->Arg(20)
      ->Arg(60)
      ->Arg(100)
      ->Arg(200)
      ->Arg(400);
}

}  // namespace

void register_training_steps() {
  for (const char* kernel : {"elu", "dpfp:1"}) register_delta(kernel);
  for (const char* kernel : {"elu", "dpfp:1", "dpfp:3", "favor:64"}) register_fast_weight(kernel);
  Configuration softmax;
  softmax.memory = SoftmaxMemory<Real>::name;
  register_memory("softmax", softmax, SoftmaxMemory<Real>());
}

}  // namespace palimpsest::micro
