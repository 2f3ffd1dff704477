// Feature maps φ: R^d → R^p and their adjoints, for every kernel of the list: `kernel_forward/dpfp:3/d:64`. A kernel
// that takes an argument has a row for each of 1, 2, 3, 64, 128 that makes d ≤ p ≤ 8d. Tokens come in blocks of 8192
// features, which stay in the nearest cache. A kernel with a linear part also has `kernel_lift` and
// `kernel_lift_adjoint`, of a table of 600 columns.
//
// Operations: as the kernels state them, times the number of tokens. Maps of few operations a feature are bound by
// loads and stores, not by arithmetic, and can't come near the peak.
#include <algorithm>
#include <string>

#include "measure.hpp"
#include "palimpsest/kernel/all.hpp"

namespace palimpsest::micro {
namespace {

constexpr Index kBlockFeatures = 8192, kTableColumns = 600;

/// What forward of n tokens sees and makes, and the gradients of its adjoint.
struct Block {
  Index n;
  Matrix<Real> x, phi, dphi, dx;  // d̃×n, p×n, p×n, d̃×n

  template <class K>
  Block(const K& kernel, Index d) : n(std::max<Index>(8, kBlockFeatures / kernel.feature_dim(d))) {
    x = uniform_matrix(d, n, 0);
    if constexpr (LiftingKernel<K, Real>) {
      const Matrix<Real> raw = x;
      x.resize(kernel.lifted_dim(d), n);
      kernel.lift(raw, x);
    }
    phi.resize(kernel.feature_dim(d), n);
    kernel.forward(x, phi);
    dphi = uniform_matrix(phi.rows(), n, 1);
    dx.setZero(x.rows(), n);
  }
};

template <class K>
void forward(benchmark::State& state, const K& kernel, Index d) {
  Block block(kernel, d);
  measure(state, double(block.n) * operations<Real>(kernel, d).forward, [&] {
    kernel.forward(block.x, block.phi);
    return block.phi.data();
  });
}

template <class K>
void adjoint(benchmark::State& state, const K& kernel, Index d) {
  Block block(kernel, d);
  measure(state, double(block.n) * operations<Real>(kernel, d).backward, [&] {
    kernel.backward(block.x, block.phi, block.dphi, block.dx);
    return block.dx.data();
  });
}

template <class K>
void lift(benchmark::State& state, const K& kernel, Index d) {
  const Matrix<Real> x = uniform_matrix(d, kTableColumns, 0);
  Matrix<Real> lifted(kernel.lifted_dim(d), kTableColumns);
  measure(state, kTableColumns * lift_operations<Real>(kernel, d).forward, [&] {
    kernel.lift(x, lifted);
    return lifted.data();
  });
}

template <class K>
void lift_adjoint(benchmark::State& state, const K& kernel, Index d) {
  const Matrix<Real> dlifted = uniform_matrix(kernel.lifted_dim(d), kTableColumns, 0);
  Matrix<Real> dx = Matrix<Real>::Zero(d, kTableColumns);
  measure(state, kTableColumns * lift_operations<Real>(kernel, d).forward, [&] {
    kernel.lift_backward(dlifted, dx);
    return dx.data();
  });
}

template <class K>
void register_kernel(K kernel, const std::string& specification, Index d) {
  if constexpr (RandomKernel<K, Real>) {
    Stream stream(1, Purpose::redraw, 0);
    kernel.draw(d, stream);
  }
  if constexpr (LearntKernel<K, Real>) kernel.start(d);
  const auto add = [&](const char* what, void (*row)(benchmark::State&, const K&, Index)) {
    benchmark::RegisterBenchmark(fmt::format("kernel_{}/{}/d:{}", what, specification, d).c_str(),
                                 [=](benchmark::State& state) {
                                   row(state, kernel, d);
                                   state.counters["p"] = static_cast<double>(kernel.feature_dim(d));
                                 });
  };
  add("forward", forward<K>);
  add("adjoint", adjoint<K>);
  if constexpr (LiftingKernel<K, Real>) {
    add("lift", lift<K>);
    add("lift_adjoint", lift_adjoint<K>);
  }
}

}  // namespace

void register_kernels() {
  Kernels<Real>::for_each([]<class K>() {
    for (const Index d : {16, 64, 128}) {
      if constexpr (TakesArgument<K>) {
        for (const int argument : {1, 2, 3, 64, 128}) {
          const K kernel(argument);
          const Index p = kernel.feature_dim(d);
          if (d <= p && p <= 8 * d) register_kernel(kernel, fmt::format("{}:{}", K::name, argument), d);
        }
      } else {
        register_kernel(K(), std::string(K::name), d);
      }
    }
  });
}

}  // namespace palimpsest::micro
