// Instances of each kernel of the list, so that a kernel added to it is tested by all that goes over kernels. A test's
// body takes them as variants and so is compiled once, not once a kernel.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "palimpsest/kernel/all.hpp"

namespace palimpsest::reference {

using KernelVariant = Kernels<double>::Variant;

/// The names of a list's components, as parameters of tests.
template <class List>
std::vector<std::string> names() {
  std::vector<std::string> all;
  List::for_each([&]<class C>() { all.emplace_back(C::name); });
  return all;
}

/// Prints the name of a component as part of a test's name.
std::string test_name(const testing::TestParamInfo<std::string>& component);

struct Instance {
  KernelVariant kernel;
  KernelVariant rounded;           ///< with its random features and parameters rounded to single precision
  Kernels<float>::Variant single;  ///< the same in single precision
  std::string label;
};

/// Each argument of a few, each scale, random features drawn and parameters off their start, for keys of size d.
std::vector<Instance> instances(std::string_view name, Index d);

bool is_nonnegative(const KernelVariant& kernel);
bool is_random(const KernelVariant& kernel);
bool is_learnt(const KernelVariant& kernel);
Index feature_dim(const KernelVariant& kernel, Index d);

/// Does nothing with a kernel that isn't random.
void draw(KernelVariant& kernel, Index d, Stream& stream);

/// Does nothing with a kernel that isn't learnt.
void start(KernelVariant& kernel, Index d);

/// Those of a learnt kernel, else none.
std::vector<Parameter<double>*> parameters(KernelVariant& kernel);

/// φ of whole keys, x: d×n → p×n.
Matrix<double> features(const KernelVariant& kernel, const Matrix<double>& x);

/// Whether features grow or vanish as exponentials of ‖x‖².
bool is_scalable(const KernelVariant& kernel);

/// φ up to a factor of each token of such a kernel, which no length of x takes out of range: exponents less the largest, or
/// waves without their factor.
Matrix<double> features_up_to_scale(const KernelVariant& kernel, const Matrix<double>& x);
Matrix<float> features(const Kernels<float>::Variant& kernel, const Matrix<float>& x);

}  // namespace palimpsest::reference
