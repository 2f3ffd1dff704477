// Micro-benchmarks: multiply-add peak, kernels, memories, pieces of training steps, the chunk engine, training steps.
// `micro --help` lists Google Benchmark's options.
#include <fmt/format.h>

#include "measure.hpp"

int main(int argc, char** argv) {
  using namespace palimpsest::micro;
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::AddCustomContext("multiply_add_peak", fmt::format("{:.1f} GFLOP/s", 1e-9 * multiply_add_peak()));
  register_peak();
  register_kernels();
  register_memories();
  register_pieces();
  register_engine();
  register_training_steps();
  register_sequence_steps();
  register_sequence_pieces();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
