// g ← g · min(1, c/‖g‖), ‖g‖² = Σ of the squares of all entries of all gradients.
// Source: Pascanu, Mikolov, Bengio 2013 (arXiv 1211.5063), algorithm 1.
#pragma once

#include <cmath>
#include <vector>

#include "palimpsest/core/parameter.hpp"

namespace palimpsest {

/// Makes all gradients together no longer than `largest`; returns how long they were. One that isn't finite stays as it is,
/// for Adam to name.
template <class T>
double clip_gradients(const std::vector<Parameter<T>*>& parameters, double largest) {
  double squared = 0;
  for (const auto* parameter : parameters) squared += parameter->gradient.template cast<double>().squaredNorm();
  const double norm = std::sqrt(squared);
  if (norm > largest && std::isfinite(norm))
    for (auto* parameter : parameters) parameter->gradient *= static_cast<T>(largest / norm);
  return norm;
}

}  // namespace palimpsest
