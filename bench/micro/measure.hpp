// What every row of the micro-benchmarks has in common: `GFLOP/s`, from a stated count of operations and the processor
// time of the thread, and `peak%`, the same relative to the multiply-add peak of one core, measured once at the start.
#pragma once

#include <benchmark/benchmark.h>

#include "palimpsest/core/clock.hpp"
#include "palimpsest/core/random.hpp"

namespace palimpsest::micro {

using Real = float;

/// FLOP/s of one core that does nothing but independent multiply-adds in registers. The first call measures.
double multiply_add_peak();

// Each *_benchmark.cpp registers its rows with one of these.
void register_peak();
void register_kernels();
void register_memories();
void register_pieces();
void register_engine();
void register_training_steps();
void register_sequence_steps();
void register_sequence_pieces();

/// Times `body`, which does `operations` FLOP a call and returns where it wrote (or a number), so that nothing of it is
/// optimised away. bytes: that a call reads and writes, for what is bound by memory: `GB/s`. The counters are no rates of the
/// library's: those print as `GFLOP/s=…/s`.
template <class Body>
void measure(benchmark::State& state, double operations, Body&& body, double bytes = 0) {
  benchmark::DoNotOptimize(body());  // first touch of buffers is no part of the work
  const double start = thread_seconds();
  for (auto _ : state) {
    benchmark::DoNotOptimize(body());
    benchmark::ClobberMemory();
  }
  const double seconds = thread_seconds() - start;
  const double rate = operations * static_cast<double>(state.iterations()) / seconds;
  state.counters["GFLOP/s"] = 1e-9 * rate;
  state.counters["peak%"] = 100 * rate / multiply_add_peak();
  if (bytes > 0) state.counters["GB/s"] = 1e-9 * bytes * static_cast<double>(state.iterations()) / seconds;
}

/// rows×cols entries uniform in ±½; a different index is a different matrix.
inline Matrix<Real> uniform_matrix(Index rows, Index cols, std::uint64_t index) {
  Matrix<Real> matrix(rows, cols);
  Stream stream(1, Purpose::test, index);
  fill_uniform<Real>(stream, Real(0.5), matrix);
  return matrix;
}

}  // namespace palimpsest::micro
