// Compares matrices of any two precisions, relative to the largest expected entry, and shows where they differ most.
#pragma once

#include <gtest/gtest.h>

#include "palimpsest/core/types.hpp"

namespace palimpsest::reference {

/// max |actual − expected| ≤ tolerance · max |expected|; never with a NaN or where infinity is expected.
testing::AssertionResult agree_in_double(const Matrix<double>& actual, const Matrix<double>& expected,
                                         double tolerance);

template <class A, class B>
testing::AssertionResult agree(const Eigen::MatrixBase<A>& actual, const Eigen::MatrixBase<B>& expected,
                               double tolerance) {
  return agree_in_double(actual.template cast<double>(), expected.template cast<double>(), tolerance);
}

/// Whether a gradient is that of a central difference through a memory: h² times third derivatives of
/// exponentials, and rounding of f (up to ~100 times the gradient) over h. With a single write attention has no
/// gradient but ε's: then both are rounding.
testing::AssertionResult is_gradient(const Matrix<double>& actual, const Matrix<double>& expected);

}  // namespace palimpsest::reference
