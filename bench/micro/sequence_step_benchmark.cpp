// A whole training step of a model of layers, in one thread: on MQAR (8192 tokens, 4 pairs in 64, a batch of 256, two layers of width
// 64, AdamW), `sequence_step/mqar/silu_l2.delta`, and on bytes of a text (8 segments of 256, four layers of width 128 with four heads
// and SwiGLU), `sequence_step/text/silu_l2.delta`. bench/pytorch/sequence_step.py is the same in PyTorch.
//
// Operations: those of train/operations.hpp. Dealing the sequences is timed and not counted.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "measure.hpp"
#include "palimpsest/core/file.hpp"
#include "palimpsest/core/random.hpp"
#include "palimpsest/train/language_learner.hpp"
#include "palimpsest/train/operations.hpp"
#include "palimpsest/train/sequence_learner.hpp"
#include "palimpsest/train/trainer.hpp"

namespace palimpsest::micro {
namespace {

template <template <class> class Learner>
void register_step(const std::string& name, Configuration configuration) {
  benchmark::RegisterBenchmark(("sequence_step/" + configuration.task + "/" + name).c_str(),
                               [=](benchmark::State& state) {
                                 Trainer trainer(configuration, Learner<Real>(configuration, 1));
                                 measure(state, count_operations(configuration).step, [&] { return trainer.step(); });
                               })
      ->Unit(benchmark::kMicrosecond);
}

/// Forty lines of random letters; what they say is nothing to a step's time.
std::string write_letters() {
  const auto file = std::filesystem::temp_directory_path() / fmt::format("palimpsest-letters-{}.txt", ::getpid());
  Stream stream(1, Purpose::test, 0);
  std::string text;
  for (int line = 0; line < 40; ++line) {
    for (int i = 0; i < 2000; ++i) text += static_cast<char>('a' + stream.below(26));
    text += '\n';
  }
  write_file(file, text);
  return file;
}

template <template <class> class Learner>
void register_steps(Configuration configuration) {
  configuration.memory = "fast_weight";
  configuration.rule = "delta";
  configuration.kernel = "silu_l2";
  configuration.normalization = "none";
  register_step<Learner>("silu_l2.delta", configuration);
  configuration.rule = "gated_delta";
  register_step<Learner>("silu_l2.gated_delta", configuration);
  configuration.rule = "sum";
  configuration.kernel = "elu";
  configuration.normalization = "attention";
  register_step<Learner>("elu.sum", configuration);
  configuration.memory = "softmax";
  register_step<Learner>("softmax", configuration);
}

}  // namespace

void register_sequence_steps() {
  Configuration configuration;
  follow_protocol("sequence", configuration);
  configuration.task = "mqar";
  configuration.model = kSequenceModel;
  configuration.batch = 256;
  register_steps<SequenceLearner>(configuration);

  static const std::string corpus = write_letters();  // there until the end
  std::atexit([] { std::filesystem::remove(corpus); });
  configuration.task = "text";
  configuration.corpus = corpus;
  configuration.batch = 8;
  configuration.layers = 4;
  configuration.width = 128;
  configuration.heads = 4;
  configuration.key_dim = 32;
  configuration.mlp = true;
  configuration.largest_gradient = 1;
  register_steps<LanguageLearner>(configuration);
}

}  // namespace palimpsest::micro
