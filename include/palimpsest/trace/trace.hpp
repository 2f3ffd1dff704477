// Follows a fast weight state through a long stream of writes and records what each of them does: what is written, what
// is kept of the value overwritten, how accumulator and state grow, and what a format of fewer bits loses on the way.
//
// Keys are random (N vectors drawn once, one of them at random a write; N = 1 is the rewritten key) or those of a
// trained model (a directory of `sweep --save-model`, with its learnt gates). Values are one-hot, drawn at random but
// never the one that the key already holds. Two states see the same stream: one in double precision, and one computed in
// float and kept in float, bfloat16 or float16, every entry rounded after each write (memory/state.hpp says of what). Any rule
// can be followed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "palimpsest/core/types.hpp"

namespace palimpsest::trace {

struct Request {
  std::filesystem::path model;              ///< empty: random keys
  std::string kernel, rule, normalization;  ///< empty: the model's; random keys: elu, delta, attention
  std::map<std::string, std::string>
      gates;                         ///< of the rule, by name: a number for all writes. All others: the model's; random
                                     ///< keys: 1, or where what all writes share starts
  std::string draw = "normal";       ///< random keys: `normal`, N(0, 1) entries, or `unit`, on the sphere
  Index keys = 1;                    ///< N, random keys
  Index key_dim = 64;                ///< d, random keys
  std::string values = "64";         ///< random keys: their number, or `distinct`, a new one each write
  Index writes = 1000;               ///< T
  std::optional<Index> rows;         ///< at most this many, at log-spaced t = 1 … T; empty: every write
  std::string precision = "double";  ///< of the state recorded: one of Precisions
  std::uint64_t seed = 1;
};

/// The trace as CSV, a header and a line a recorded write; the same for the same request. Throws ConfigurationError for
/// an unknown component, a value out of range, a combination without meaning or a directory that holds no model.
std::string trace(const Request& request);

/// The columns as a Markdown table.
std::string schema();

}  // namespace palimpsest::trace
