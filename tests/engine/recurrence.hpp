// The slow and obvious version of the engine, by another method: W_t is carried write by write in double precision,
//   W_t = W_{t−1} T_t + w_t v_t k_tᵀ ,   T_t = D_t + a_t b_tᵀ  in full (p×p) ,   y_n = W_{r_n} q_n ,
// from W_0 = 0 or any other, and its adjoint goes back write by write. Beside it, problems to compare on and what the engine makes of them.
#pragma once

#include <gtest/gtest.h>

#include <vector>

#include "palimpsest/engine/query_side.hpp"
#include "palimpsest/engine/state_side.hpp"

namespace palimpsest::engine {

/// Writes, queries, and a gradient by the answers.
struct Problem {
  Factors<double> factors;
  Matrix<double> V, Q, dY;   // d_v×L, p×N, d_v×N
  std::vector<Index> after;  // N, or none: all after L
  Matrix<double> W{};        // d_v×p before the first write, which the queries' side knows nothing of; or none: 0
};

struct Size {
  Structure structure;
  Index p, L, N, d_v = 3;
};

/// Keys and free vectors of length about 1, erasing at 0.3 to 1 and decays of 0.6 to 1, so that nothing explodes.
Problem problem(const Size& size, std::vector<Index> after = {}, std::uint64_t number = 0);

struct Gradients {
  Factors<double> factors;
  Matrix<double> V, Q;
};

struct Answers {
  Matrix<double> Y;
  Gradients gradients;
};

Answers by_recurrence(const Problem& problem);

/// W_0 … W_L, from W_0 if it isn't 0.
std::vector<Matrix<double>> states(const Factors<double>& factors, const Matrix<double>& V,
                                   const Matrix<double>& W = {});

template <class T>
Factors<T> cast(const Factors<double>& factors);
template <class T>
Answers by_queries(const Problem& problem, Index chunk = kChunk);
template <class T>
Answers by_state(const Problem& problem, Index chunk = kChunk);

/// All gradients in one column, so that each is seen relative to the largest of all: one by a decay that does nothing
/// is 0 up to the rounding of what it is the difference of.
Vector<double> all(const Gradients& gradients);

/// The numbers that a problem's answers depend on, with a name each.
std::vector<std::pair<const char*, std::vector<double*>>> inputs(Factors<double>& factors, Matrix<double>& V,
                                                                 Matrix<double>& Q);

// Both sides and the recurrence add the same products in other orders, up to 130 of 63 features, each bounded by 1:
// some 1e4 roundings of 1e-16, and a gradient by a decay is a difference of sums a hundred times as large.
inline constexpr double kInDouble = 1e-10;

/// Several ways in which N queries come after L writes; the last one looks for the borders of chunks of four.
std::vector<std::vector<Index>> positions(Index L, Index N);

/// All nine.
std::vector<Structure> structures();
std::string test_name(const testing::TestParamInfo<Structure>& info);

}  // namespace palimpsest::engine
