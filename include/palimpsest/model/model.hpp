// What a mini-model is: trained parameters and the tables they make for a memory.
//
//   name, summary                         see core/registry.hpp
//   Model(shape, init, seed)              parameters as drawn
//   encode(keys, tables)                  tables for all S keys and values, and the queries of these N keys
//   backward(keys, gradient)              parameter gradients (overwritten) from those of the tables; after encode
//   parameters()                          the trained parameters, in a fixed order
//   keys_depend_on_values                 whether tables have values
//   operations(shape, N)                  how many encode and backward need (core/operations.hpp)
//   parameter_count(shape)                entries of the parameters, without making them
#pragma once

#include <vector>

#include "palimpsest/core/operations.hpp"
#include "palimpsest/core/parameter.hpp"
#include "palimpsest/core/random.hpp"
#include "palimpsest/memory/token_tables.hpp"

namespace palimpsest {

/// What the memory asks of a token.
struct TokenShape {
  Index S;                  ///< keys, and values
  Index d;                  ///< size of a key before the feature map
  Index steps_a_write = 1;  ///< n keys and strengths a write
  bool strength = false;    ///< learn β
  bool decay = false;       ///< learn α
};

/// Where the logit of a learnt α starts: α = 0.9975, so that a write is still there after some hundred others.
inline constexpr double kInitialDecayLogit = 6;

/// How projections start: U(±1/√d) for linear memories, Xavier uniform for softmax attention, as published.
enum class ProjectionInit { linear, softmax };

}  // namespace palimpsest
