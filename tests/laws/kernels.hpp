// What a kernel has, whichever it is: a law is compiled once, not once a kernel.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <variant>

#include "reference/kernels.hpp"

namespace palimpsest::laws {

using reference::KernelVariant;
using In = ConstMatrixView<double>;
using Out = MatrixView<double>;

inline constexpr Index kSizes[] = {1, 5, 32, 63};  // 32: whole vector registers

auto ask(auto& kernel, auto&& f) { return std::visit(f, kernel); }

bool contracts(const KernelVariant& kernel);

bool factors(const KernelVariant& kernel);

bool lifts(const KernelVariant& kernel);

Index lifted_dim(const KernelVariant& kernel, Index d);

Matrix<double> lifted(const KernelVariant& kernel, const Matrix<double>& x);

void forward(const KernelVariant& kernel, In x, Out phi);

void backward(const KernelVariant& kernel, In x, In phi, In dphi, Out dx);

bool forgets_features(const KernelVariant& kernel);

// These do nothing with a kernel that lacks them.

/// phi: p×n from lifted tokens.
Matrix<double> up_to_scale(const KernelVariant& kernel, const Matrix<double>& x);

void lift(const KernelVariant& kernel, In x, Out lifted);

void lift_backward(const KernelVariant& kernel, In dlifted, Out dx);

void contract(const KernelVariant& kernel, In x, ConstVectorView<double> u, VectorView<double> c);

void contract_backward(const KernelVariant& kernel, In x, ConstVectorView<double> u, ConstVectorView<double> dc, Out dx,
                       VectorView<double> du);

/// Adds to the gradients of its parameters.
void learn(KernelVariant& kernel, In x, In dlifted);

/// Laws of the kernel of a name.
class KernelLaws : public testing::TestWithParam<std::string> {
 protected:
  /// Its first instance, which has what all have.
  static KernelVariant any() { return reference::instances(GetParam(), 5).at(0).kernel; }

  /// Calls f(instance, d) for every instance and size.
  static void for_all_instances(const std::function<void(const reference::Instance&, Index d)>& f) {
    for (const Index d : kSizes)
      for (const auto& instance : reference::instances(GetParam(), d)) {
        SCOPED_TRACE(instance.label);
        f(instance, d);
      }
  }

  static void for_all(const std::function<void(const KernelVariant&, Index d)>& f) {
    for_all_instances([&](const reference::Instance& instance, Index d) { f(instance.kernel, d); });
  }
};

}  // namespace palimpsest::laws
