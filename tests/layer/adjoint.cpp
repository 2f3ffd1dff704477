#include "layer/adjoint.hpp"

#include <gtest/gtest.h>

#include "reference/agree.hpp"
#include "reference/dense.hpp"
#include "reference/random.hpp"

namespace palimpsest::layer_test {

using M = Matrix<double>;

void disturb(const std::vector<Parameter<double>*>& parameters, std::uint64_t number) {
  for (auto* parameter : parameters) {
    parameter->value = 0.5 * reference::normal(parameter->value.rows(), parameter->value.cols(), number++);
    parameter->gradient.setZero();
  }
}

M differences(const std::function<double()>& f, M& x) {
  constexpr double h = 1e-5;
  return (4 * reference::central_differences(f, x, h) - reference::central_differences(f, x, 2 * h)) / 3;
}

void expect_adjoint(const Pass& pass, Index N, double tolerance) {
  constexpr double kThere = 0.5;
  const M weights = reference::normal(pass.outputs, N, 901);
  M x = reference::normal(pass.inputs, N, 902);
  reference::PoisonedWindow<double> X(pass.inputs, N), Y(pass.outputs, N), dX(pass.inputs, N);
  const auto f = [&] {
    X.view() = x;
    pass.forward(X.view(), Y.view());
    return Y.value().cwiseProduct(weights).sum();
  };
  for (auto* parameter : pass.parameters) parameter->gradient.setConstant(kThere);
  dX.view().setConstant(kThere);
  f();
  pass.backward(X.view(), weights, dX.view());
  EXPECT_TRUE(Y.in_bounds());
  EXPECT_TRUE(dX.in_bounds());
  EXPECT_TRUE(reference::agree((dX.value().array() - kThere).matrix(), differences(f, x), tolerance)) << "by the input";
  for (auto* parameter : pass.parameters) {
    const M expected = differences(f, parameter->value);
    EXPECT_TRUE(reference::agree((parameter->gradient.array() - kThere).matrix(), expected, tolerance))
        << "by " << parameter->name;
  }
}

}  // namespace palimpsest::layer_test
