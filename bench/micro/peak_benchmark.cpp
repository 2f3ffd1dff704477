// The most one core can do in float: chains of  a ← a·f + g  in registers, as many as hide the latency of a
// multiply-add, a whole vector each; and beside it Eigen's matrix product C = A B, A: m×k, B: k×n, at the sizes that
// training meets.
//
// Operations: 2 a multiply-add and lane; 2·m·k·n a product.
#include <algorithm>
#include <utility>

#include "measure.hpp"

namespace palimpsest::micro {
namespace {

using Packet = Eigen::internal::packet_traits<Real>::type;

// Two or four units of latency four need 8 or 16 chains; a quarter of the registers is left for f and g.
constexpr int kChains = EIGEN_ARCH_DEFAULT_NUMBER_OF_REGISTERS * 3 / 4;
constexpr Index kRounds = 4096;
constexpr Index kOperations = 2 * kRounds * kChains * Eigen::internal::packet_traits<Real>::size;

template <std::size_t... chain>
Real multiply_add(std::index_sequence<chain...>) {
  Real start = 1, factor = Real(0.5), addend = Real(0.5);  // 1 is the fixed point: no overflow, no denormal
  benchmark::DoNotOptimize(start);
  benchmark::DoNotOptimize(factor);
  benchmark::DoNotOptimize(addend);
  const auto f = Eigen::internal::pset1<Packet>(factor), g = Eigen::internal::pset1<Packet>(addend);
  Packet a[] = {
      ((void)chain, Eigen::internal::pset1<Packet>(start + Real(chain)))...};  // alike, they would be one chain
  for (Index round = 0; round < kRounds; ++round) ((a[chain] = Eigen::internal::pmadd(a[chain], f, g)), ...);
  return (Eigen::internal::predux(a[chain]) + ...);
}

Real multiply_add() { return multiply_add(std::make_index_sequence<kChains>()); }

double measure_peak() {
  constexpr int kWindows = 100, kCalls = 100;
  double shortest = 1e30;
  for (int window = 0; window < kWindows; ++window) {  // the best window: others met an interrupt or a low clock
    const double start = thread_seconds();
    for (int call = 0; call < kCalls; ++call) benchmark::DoNotOptimize(multiply_add());
    shortest = std::min(shortest, thread_seconds() - start);
  }
  return static_cast<double>(kCalls * kOperations) / shortest;
}

void matrix_product(benchmark::State& state) {
  const Index m = state.range(0), k = state.range(1), n = state.range(2);
  const Matrix<Real> A = uniform_matrix(m, k, 0), B = uniform_matrix(k, n, 1);
  Matrix<Real> C(m, n);
  measure(state, 2 * m * k * n, [&] {
    C.noalias() = A * B;
    return C.data();
  });
}

}  // namespace

double multiply_add_peak() {
  static const double peak = measure_peak();
  return peak;
}

void register_peak() {
  benchmark::RegisterBenchmark(
      "multiply_add_peak", [](benchmark::State& state) { measure(state, kOperations, [] { return multiply_add(); }); });
  benchmark::RegisterBenchmark("matrix_product", matrix_product)
      ->ArgNames({"m", "k", "n"})
      ->Args({64, 64, 64})
      ->Args({256, 256, 256})
      ->Args({1024, 1024, 1024})
      ->Args({64, 1320, 600})   // keys of the published model, S = 600
      ->Args({600, 384, 600});  // coefficients of all queries, p = 384
}

}  // namespace palimpsest::micro
