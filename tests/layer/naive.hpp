// A sequence model token by token, as its formulas say it: convolutions as sums over taps, memories as states that are written
// once per step and read once per token, softmax over every pair.
#pragma once

#include <vector>

#include "palimpsest/layer/sequence_model.hpp"

namespace palimpsest::layer_test {

/// Loss of each question, from the model's parameters. Memories: `softmax`, or fast weights of the kernel `identity` with a rule
/// that tests/reference/dense.hpp knows, or `delta_product:n`.
std::vector<double> naive_losses(const SequenceOptions& options, SequenceModel<double>& model, const TokenBatch& batch);

}  // namespace palimpsest::layer_test
