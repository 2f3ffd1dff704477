// Every choice that defines one trained point, resolved: nothing here depends on another option, and each field is a
// column of the results. Components are held by their specifications (`dpfp:2`); train/point.hpp makes them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "palimpsest/core/types.hpp"

namespace palimpsest {

/// In place of a number: a gate that the model learns from each token.
inline constexpr std::string_view kLearnt = "learnt";

struct Configuration {
  std::string task = "associative_retrieval";
  Index S = 20;               ///< distinct keys, and distinct values
  Index L = 20;               ///< writes in a sequence
  bool replacement = false;   ///< keys and values drawn with replacement (setting 2) or without (setting 1)
  std::string memory = "fast_weight";
  std::string kernel = "elu";
  Index key_dim = 64;         ///< d, size of a key before the feature map
  std::string redraw = "fixed";  ///< random features: `fixed`, `every_step` or `every:n` training steps
  std::string scale = "none";    ///< random features: `none` or `d^-1/4`, which multiplies keys and queries
  std::string rule = "sum";
  std::string beta = "learnt";   ///< write strength β: `learnt` from each token, or a fixed number
  std::string alpha = "learnt";  ///< decay α: `learnt` from each token, or a fixed number
  std::string normalization = "attention";
  std::string model = "published";
  std::string evaluation = "exact";  ///< `exact` or `published_2021`
  std::uint64_t seed = 1;

  // The protocol; the defaults are the published ones.
  Index batch = 32;                 ///< sequences a training step
  double learning_rate = 1e-3;      ///< Adam's
  Index max_steps = 100000;
  Index evaluation_every = 100;     ///< training steps between evaluations
  Index evaluation_sequences = 20;  ///< fresh sequences an evaluation
  double tolerance = 1e-3;          ///< training stops at an evaluation loss not above this
  Index patience = 11;              ///< … or after this many evaluations in a row without a new best

  bool operator==(const Configuration&) const = default;
};

}  // namespace palimpsest
