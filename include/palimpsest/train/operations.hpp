// How many floating point operations (core/operations.hpp) a point needs, from the statements of its components: what
// decides which points are started first and how they are dealt to shards.
#pragma once

#include "palimpsest/train/configuration.hpp"

namespace palimpsest {

struct PointOperations {
  double step;        ///< of a training step: encode, read and adjoint of a batch, Adam
  double evaluation;  ///< of an evaluation
};

/// Of a valid configuration that isn't skipped.
PointOperations count_operations(const Configuration& configuration);

/// How often a point of so many steps is evaluated, the final time included.
double evaluations(const Configuration& configuration, double steps);

/// Of the whole point if it trains for max_steps. That it may stop earlier isn't known before.
double cost_estimate(const Configuration& configuration);

}  // namespace palimpsest
