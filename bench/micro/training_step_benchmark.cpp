// A whole training step by the published protocol (a batch of 32 fresh episodes of L = S writes, one query each, and
// Adam): `training_step/published/dpfp:3/S:600`, and how its time grows with S.
//
// Operations: those of train/operations.hpp, as the components state them. Dealing the episodes is timed and not
// counted.
#include <string>
#include <variant>

#include "measure.hpp"
#include "palimpsest/train/operations.hpp"
#include "palimpsest/train/pair_learner.hpp"
#include "palimpsest/train/parts.hpp"
#include "palimpsest/train/trainer.hpp"

namespace palimpsest::micro {
namespace {

/// `configuration`: all but S and L.
template <class Memory>
void training_step(benchmark::State& state, Configuration configuration, const Memory& memory) {
  const bool overwriting = configuration.replacement;
  configuration.S = state.range(0);
  configuration.L = (overwriting ? 2 : 1) * configuration.S;
  Trainer trainer(configuration,
                  PairLearner<Real, AnyModel<Real>, Memory>(configuration, make_model(configuration, memory), memory));
  measure(state, count_operations(configuration).step, [&] { return trainer.step(); });
  state.SetComplexityN(configuration.S);
}

benchmark::internal::Benchmark* register_model(const std::string& name, const Configuration& configuration) {
  return benchmark::RegisterBenchmark(fmt::format("training_step/{}/{}", configuration.model, name).c_str(),
                                      [=](benchmark::State& state) {
                                        std::visit(
                                            [&](const auto& memory) { training_step(state, configuration, memory); },
                                            make_memory(configuration));
                                      })
      ->ArgName("S")
      ->Unit(benchmark::kMicrosecond)
      ->Complexity();
}

void register_models(const std::string& name, Configuration configuration) {
  for (const char* model : {"published", "table"}) {
    configuration.model = model;
    register_model(name, configuration)->Arg(20)->Arg(100)->Arg(200)->Arg(300)->Arg(600);
  }
}

void register_fast_weight(const std::string& specification) {
  Configuration configuration;
  configuration.kernel = specification;
  register_models(specification, configuration);
}

/// Setting 2 of the 2021 paper: L = 2S writes with replacement, the delta rule with learnt strengths, `sum` normalisation:
/// `training_step/published/delta+dpfp:1/S:200`.
void register_delta(const std::string& specification) {
  Configuration configuration;
  configuration.replacement = true;
  configuration.kernel = specification;
  configuration.rule = "delta";
  configuration.normalization = "sum";
  register_model("delta+" + specification, configuration)->Arg(20)->Arg(60)->Arg(100)->Arg(200)->Arg(400);
}

}  // namespace

void register_training_steps() {
  for (const char* kernel : {"elu", "dpfp:1"}) register_delta(kernel);
  for (const char* kernel : {"elu", "dpfp:1", "dpfp:3", "favor:64"}) register_fast_weight(kernel);
  Configuration softmax;
  softmax.memory = SoftmaxMemory<Real>::name;
  register_models("softmax", softmax);
}

}  // namespace palimpsest::micro
