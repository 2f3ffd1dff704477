// A point that trains in well under a second.
#pragma once

#include "palimpsest/train/point.hpp"

namespace palimpsest {

inline Configuration small(std::string kernel, Index d, Index S) {
  Configuration configuration;
  configuration.kernel = std::move(kernel);
  configuration.key_dim = d;
  configuration.S = configuration.L = S;
  return configuration;
}

inline Configuration small_softmax(Index d, Index S) {
  Configuration configuration = small("elu", d, S);
  configuration.memory = "softmax";
  return configuration;
}

}  // namespace palimpsest
