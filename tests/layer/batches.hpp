// Batches and models of tests, small and of odd sizes.
#pragma once

#include <string>
#include <vector>

#include "palimpsest/layer/sequence_model.hpp"

namespace palimpsest::layer_test {

/// Sequences of these lengths, random tokens and partners (some missing), a question at every other token and at the last ones,
/// with m targets from first_output on.
TokenBatch batch_of(const SequenceOptions& options, const std::vector<Index>& lengths, Index m = 1);

/// Sequence i of a batch by itself.
TokenBatch sequence_of(const TokenBatch& batch, Index i);

/// Two layers of width 6, keys of 3.
SequenceOptions small(const std::string& memory, const std::string& kernel = "identity",
                      const std::string& rule = "sum", const std::string& normalization = "none");

}  // namespace palimpsest::layer_test
