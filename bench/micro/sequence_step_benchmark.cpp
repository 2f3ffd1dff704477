// A whole training step of a model of layers on MQAR (8192 tokens, 4 pairs in 64, a batch of 256, two layers of width 64, AdamW), in
// one thread: `sequence_step/mqar/silu_l2.delta`. bench/pytorch/sequence_step.py is the same in PyTorch.
//
// Operations: those of train/operations.hpp. Dealing the sequences is timed and not counted.
#include <string>

#include "measure.hpp"
#include "palimpsest/train/operations.hpp"
#include "palimpsest/train/sequence_learner.hpp"
#include "palimpsest/train/trainer.hpp"

namespace palimpsest::micro {
namespace {

void register_step(const std::string& name, Configuration configuration) {
  benchmark::RegisterBenchmark(("sequence_step/mqar/" + name).c_str(), [=](benchmark::State& state) {
    Trainer trainer(configuration, SequenceLearner<Real>(configuration, 1));
    measure(state, count_operations(configuration).step, [&] { return trainer.step(); });
  })->Unit(benchmark::kMicrosecond);
}

}  // namespace

void register_sequence_steps() {
  Configuration configuration;
  follow_protocol("sequence", configuration);
  configuration.task = "mqar";
  configuration.model = kSequenceModel;
  configuration.batch = 256;
  configuration.rule = "delta";
  configuration.kernel = "silu_l2";
  configuration.normalization = "none";
  register_step("silu_l2.delta", configuration);
  configuration.rule = "gated_delta";
  register_step("silu_l2.gated_delta", configuration);
  configuration.rule = "sum";
  configuration.kernel = "elu";
  configuration.normalization = "attention";
  register_step("elu.sum", configuration);
  configuration.memory = "softmax";
  register_step("softmax", configuration);
}

}  // namespace palimpsest::micro
