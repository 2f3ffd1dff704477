// The chunk engine on one episode: a causal read-out of dense values from the state's side with its adjoint (L = N =
// 256, p = d_v = 64, four chunks), and coefficients from the queries' side with theirs (L = 128, N = p = 64, queries at
// the end).
//
// Operations: 2 per multiply-add of the products as they are made, whole rectangles where a mask leaves half of them,
// n² of a triangular solve per row; a decay's own work, which the same rule without decay doesn't have, counts nothing.
#include <fmt/format.h>

#include <utility>
#include <vector>

#include "measure.hpp"
#include "palimpsest/engine/query_side.hpp"
#include "palimpsest/engine/state_side.hpp"

namespace palimpsest::micro {
namespace {

Factors<Real> factors(Structure structure, Index p, Index L) {
  Factors<Real> f;
  f.structure = structure;
  f.K = uniform_matrix(p, L, 0).colwise().normalized();
  f.w = Vector<Real>::Constant(L, Real(0.5));
  const Index decays = structure.decay == Decay::none ? 0 : structure.decay == Decay::scalar ? 1 : p;
  if (decays > 0) f.log_decay = Real(-0.1) * uniform_matrix(decays, L, 1).cwiseAbs();
  if (structure.erase == Erase::along) f.erase = f.w;
  if (structure.erase == Erase::free) {
    f.A = Real(-0.5) * f.K;
    f.B = uniform_matrix(p, L, 2).colwise().normalized();
  }
  return f;
}

struct Counts {
  double n, m, p, d_v, chunks;
};

/// Of a read from the state's side and its adjoint. The first chunk finds no state and the last one leaves none.
double state_operations(Structure structure, const Counts& x) {
  const auto sides = static_cast<double>(structure.sides()), own = structure.erases() ? x.n : 0, right = own + x.m;
  const bool free = structure.erase == Erase::free;
  const double meet = 2 * sides * x.n * x.p * right, through = 2 * x.d_v * x.p * right;
  const double ends = 2 * sides * x.n * x.p * x.d_v, solve = own * own * x.d_v;
  const double answers = 2 * sides * x.d_v * x.n * x.m + (free ? 2 * x.d_v * x.n * x.n : 0);
  const double forward = meet + solve + answers,
               backward = 2 * meet + solve + answers + 2 * sides * x.d_v * x.n * right;
  return x.chunks * (forward + backward) + (x.chunks - 1) * (3 * through + 3 * ends);
}

/// Of coefficients from the queries' side and their adjoint.
double query_operations(Structure structure, const Counts& x) {
  const auto sides = static_cast<double>(structure.sides()), own = structure.erases() ? x.n : 0;
  const double meet = 2 * sides * x.n * x.p * (own + x.m), solve = own * own * x.m;
  const double products = 2 * own * x.m * (x.p + (structure.erase == Erase::free ? x.n : 0));
  const double gradients = 2 * own * x.m * (x.p + sides * x.n);
  return x.chunks * (3 * meet + 2 * solve + 2 * products + gradients);
}

void state_side(benchmark::State& state, Structure structure) {
  const Index L = 256, p = 64, d_v = 64;
  const Factors<Real> f = factors(structure, p, L);
  const Matrix<Real> V = uniform_matrix(d_v, L, 3), Q = uniform_matrix(p, L, 4), dY = uniform_matrix(d_v, L, 5);
  std::vector<Index> after(L);
  for (Index n = 0; n < L; ++n) after[n] = n + 1;
  engine::StateSide<Real> side;
  engine::StateSide<Real>::Kept kept;
  Factors<Real> gradient = zero_like(f);
  Matrix<Real> Y(d_v, L), dQ(p, L), dV(d_v, L);
  const auto chunk = static_cast<Index>(state.range(0));
  const auto n = static_cast<double>(chunk);
  measure(state, state_operations(structure, {n, n, 64, 64, 256 / n}), [&] {
    side.read(f, engine::Dense<Real>{V}, Q, after, Y, kept, {}, chunk);
    set_zero_like(f, gradient), dQ.setZero(), dV.setZero();
    side.read_backward(f, engine::Dense<Real>{V}, Q, dY, kept, gradient, dQ, dV);
    return dQ.data();
  });
}

void query_side(benchmark::State& state, Structure structure) {
  const Index L = 128, p = 64, N = 64;
  const Factors<Real> f = factors(structure, p, L);
  const Matrix<Real> Q = uniform_matrix(p, N, 4), dC = uniform_matrix(L, N, 5);
  engine::QuerySide<Real> side;
  engine::QuerySide<Real>::Kept kept;
  Factors<Real> gradient = zero_like(f);
  Matrix<Real> C(L, N), dQ(p, N);
  const auto chunk = static_cast<Index>(state.range(0));
  const auto n = static_cast<double>(chunk);
  measure(state, query_operations(structure, {n, 64, 64, 0, 128 / n}), [&] {
    side.coefficients(f, Q, {}, C, kept, chunk);
    set_zero_like(f, gradient), dQ.setZero();
    side.coefficients_backward(f, dC, kept, gradient, dQ);
    return dQ.data();
  });
}

}  // namespace

void register_engine() {
  const std::pair<const char*, Structure> structures[] = {{"sum", {Decay::none, Erase::none}},
                                                          {"decay", {Decay::scalar, Erase::none}},
                                                          {"gla", {Decay::diagonal, Erase::none}},
                                                          {"delta", {Decay::none, Erase::along}},
                                                          {"gated_delta", {Decay::scalar, Erase::along}},
                                                          {"kda", {Decay::diagonal, Erase::along}},
                                                          {"rwkv7", {Decay::diagonal, Erase::free}}};
  for (const auto& [name, structure] : structures)
    for (const auto& [side, run] : {std::pair{"state_side", &state_side}, std::pair{"query_side", &query_side}})
      benchmark::RegisterBenchmark(fmt::format("{}/{}", side, name).c_str(), run, structure)
          ->ArgName("chunk")
          ->Arg(32)
          ->Arg(64);
}

}  // namespace palimpsest::micro
