// The law of every layer: its adjoint is the central difference of its forward pass.
#pragma once

#include <functional>
#include <vector>

#include "palimpsest/core/parameter.hpp"

namespace palimpsest::layer_test {

/// A layer in double precision, from `inputs` rows to `outputs` rows.
struct Pass {
  Index inputs, outputs;
  std::function<void(ConstMatrixView<double> X, MatrixView<double> Y)> forward;
  std::function<void(ConstMatrixView<double> X, ConstMatrixView<double> dY, MatrixView<double> dX)> backward;
  std::vector<Parameter<double>*> parameters;
};

/// Entries N(0, ½²) for all of them, so that no gain is 1 and no bias 0.
void disturb(const std::vector<Parameter<double>*>& parameters, std::uint64_t number);

/// ∂f/∂x as (4 D(h) − D(2h))/3 of central differences D: behind a norm of something small third derivatives are so large that
/// h² of them counts.
Matrix<double> differences(const std::function<double()>& f, Matrix<double>& x);

/// Of N columns in windows, with gradients that add to what is there, by the input and by every parameter. Rounding over h
/// is below the tolerance.
void expect_adjoint(const Pass& pass, Index N, double tolerance = 1e-7);

}  // namespace palimpsest::layer_test
