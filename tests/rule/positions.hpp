// Episodes of odd sizes whose queries are asked at any of their positions, and how a gradient is checked.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "reference/agree.hpp"
#include "reference/dense.hpp"
#include "reference/random.hpp"

namespace palimpsest {

struct EpisodeSize {
  Index p, L, N;
};

inline std::vector<EpisodeSize> odd_sizes() {
  std::vector<EpisodeSize> all;
  for (const Index p : {1, 5, 63})
    for (const Index L : {1, 5, 63})
      for (const Index N : {1, 4}) all.push_back({p, L, N});
  return all;
}

/// Where N queries may be asked: at the end as if nothing were said, before and after all writes, and anywhere.
inline std::vector<std::vector<Index>> positions(Index L, Index N) {
  const auto all = [&](Index r) { return std::vector<Index>(static_cast<std::size_t>(N), r); };
  std::vector<Index> mixed;
  Stream stream(8, Purpose::test, 60);
  for (Index n = 0; n < N; ++n) mixed.push_back(stream.below(static_cast<std::uint32_t>(L + 1)));
  if (N > 1) mixed[0] = L, mixed[1] = 0;
  return {{}, all(0), all(L), mixed};
}

/// rows×cols between low and high.
inline Matrix<double> uniform(double low, double high, Index rows, Index cols, std::uint64_t number) {
  Matrix<double> x(rows, cols);
  Stream stream(8, Purpose::test, number);
  for (Index i = 0; i < x.size(); ++i) x(i) = low + (high - low) * stream.uniform<double>();
  return x;
}

/// Whether `gradient` is what f does along x: entry by entry if there are few, else in a few directions. A central
/// difference with steps of 1e-5 is off by its square, and 1e-6 is allowed of the largest entry or, in a direction, of the
/// whole (of 1 where that is 0, as before the first write); and by 1e-16/1e-5 = 1e-11 for rounding of an f whose terms are
/// about 1.
inline void expect_gradient(const std::function<double()>& f, Matrix<double>& x, const Matrix<double>& gradient,
                            const char* what) {
  SCOPED_TRACE(what);
  if (x.size() <= 25) {
    const Matrix<double> expected = reference::central_differences(f, x);
    const bool zero = gradient.isZero(0);
    EXPECT_TRUE(zero ? expected.cwiseAbs().maxCoeff() < 1e-6 : bool(reference::agree(gradient, expected, 1e-6)))
        << "got\n"
        << gradient << "\nexpected\n"
        << expected;
    return;
  }
  const Matrix<double> at = x;
  for (const std::uint64_t number : {61, 62, 63}) {
    const Matrix<double> direction = reference::normal(x.rows(), x.cols(), number).normalized();
    constexpr double kStep = 1e-5;
    x = at + kStep * direction;
    const double ahead = f();
    x = at - kStep * direction;
    const double behind = f();
    x = at;
    const double norm = gradient.norm();
    EXPECT_NEAR(gradient.cwiseProduct(direction).sum(), (ahead - behind) / (2 * kStep),
                1e-6 * (norm > 0 ? norm : 1) + 1e-11);
  }
}

}  // namespace palimpsest
