// What a configuration says about its memory, whether that is one of pairs (pair/memory.hpp) or of tokens
// (memory/token_memory.hpp).
#pragma once

#include <string>
#include <string_view>

#include "palimpsest/core/types.hpp"

namespace palimpsest {

/// In place of a number: a gate that the model learns from each token.
inline constexpr std::string_view kLearnt = "learnt";

/// Components by their specifications (`dpfp:2`), and gates.
struct MemoryOptions {
  Index key_dim = 64;  ///< d, size of a key before the feature map
  std::string kernel = "elu", rule = "sum", normalization = "attention";
  bool scaled = false;  ///< random features: whether keys and queries are multiplied by d^-1/4
  std::string beta = std::string(kLearnt), alpha = std::string(kLearnt);  ///< gates: `learnt` or a number
  double largest_beta = 1;                   ///< of a rule whose β may go beyond 1: 1 or 2
  std::string ridge = std::string(kLearnt);  ///< of mesa: `learnt` or a number
};

}  // namespace palimpsest
