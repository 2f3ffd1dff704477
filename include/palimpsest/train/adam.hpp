// Adam:  m ← β₁m + (1−β₁)g,  v ← β₂v + (1−β₂)g²,  θ ← θ − lr · m̂/(√v̂ + ε),  m̂ = m/(1−β₁ᵗ),  v̂ = v/(1−β₂ᵗ);
// β = (0.9, 0.999), ε = 1e-8. Source: Kingma, Ba 2015 (arXiv 1412.6980), algorithm 1. With a decay λ before the step
// θ ← θ − lr·λ·θ, apart from the moments: Loshchilov, Hutter 2019 (arXiv 1711.05101), algorithm 2.
#pragma once

#include <cmath>
#include <limits>
#include <vector>

#include "palimpsest/core/parameter.hpp"

namespace palimpsest {

/// Operations per parameter and step: 3 for m, 4 for v, 6 for θ (and one more where it decays).
inline constexpr double kAdamOperations = 13;

template <class T>
class Adam {
 public:
  /// One step of this learning rate and decay on all parameters, from their gradients. The list must be the same at every
  /// call.
  /// Returns the first parameter that will move no more, if there is one: its v is infinite or NaN, since a gradient wasn't
  /// finite or its square wasn't.
  const Parameter<T>* update(const std::vector<Parameter<T>*>& parameters, double learning_rate, double decay = 0) {
    moments_.resize(parameters.size());
    ++step_;
    const double debias_first = 1 - std::pow(kBeta1, static_cast<double>(step_));
    const double debias_second = 1 - std::pow(kBeta2, static_cast<double>(step_));
    const T rate = static_cast<T>(learning_rate / debias_first);
    const T inverse_root = static_cast<T>(1 / std::sqrt(debias_second));
    const T left = static_cast<T>(1 - learning_rate * decay);  // 1·θ is θ, so that without decay nothing is rounded
    const Parameter<T>* stuck = nullptr;
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      auto& parameter = *parameters[i];
      auto& [first, second] = moments_[i];
      if (first.size() != parameter.value.size()) {
        first.setZero(parameter.value.rows(), parameter.value.cols());
        second = first;
      }
      // One pass: at large S this is bound by memory. Integers are combined in any order, so that it stays one of vectors.
      int overflows = 0;
      const T* g = parameter.gradient.data();
      T *m = first.data(), *v = second.data(), *theta = parameter.value.data();
      for (Index j = 0; j < parameter.value.size(); ++j) {
        m[j] = T(kBeta1) * m[j] + T(1 - kBeta1) * g[j];
        v[j] = T(kBeta2) * v[j] + T(1 - kBeta2) * g[j] * g[j];
        theta[j] = left * theta[j] - rate * m[j] / (std::sqrt(v[j]) * inverse_root + T(kEpsilon));
        overflows |= !(v[j] <= std::numeric_limits<T>::max());
      }
      if (overflows != 0 && stuck == nullptr) stuck = &parameter;
    }
    return stuck;
  }

  /// All that it keeps between steps; see core/archive.hpp.
  template <class Archive>
  void state(Archive& archive) {
    archive(step_, moments_);
  }

 private:
  static constexpr double kBeta1 = 0.9, kBeta2 = 0.999, kEpsilon = 1e-8;

  struct Moments {
    Matrix<T> first, second;

    template <class Archive>
    void state(Archive& archive) {
      archive(first, second);
    }
  };

  Index step_ = 0;
  std::vector<Moments> moments_;
};

}  // namespace palimpsest
