#include "layer/batches.hpp"

#include "palimpsest/core/random.hpp"

namespace palimpsest::layer_test {

TokenBatch batch_of(const SequenceOptions& options, const std::vector<Index>& lengths, Index m) {
  TokenBatch batch;
  batch.targets_per_question = m;
  batch.layout.starts.push_back(0);
  Stream stream(7, Purpose::test, 500);
  const auto draw = [&](Index from) {
    return static_cast<int>(from + stream.below(static_cast<std::uint32_t>(options.vocabulary - from)));
  };
  for (const Index length : lengths) {
    const Index first = batch.layout.columns();
    for (Index t = 0; t < length; ++t) {
      batch.tokens.push_back(draw(0));
      if (options.pairs) batch.partners.push_back(t % 3 == 2 ? kNoToken : draw(0));
      if (t % 2 == 1 || t + 1 == length) {
        batch.positions.push_back(first + t);
        for (Index i = 0; i < m; ++i) batch.targets.push_back(draw(options.first_output));
      }
    }
    batch.layout.starts.push_back(first + length);
  }
  return batch;
}

TokenBatch sequence_of(const TokenBatch& batch, Index i) {
  const Index first = batch.layout.start(i), last = batch.layout.start(i + 1), m = batch.targets_per_question;
  TokenBatch one;
  one.targets_per_question = m;
  one.layout.starts = {0, last - first};
  one.tokens.assign(batch.tokens.begin() + first, batch.tokens.begin() + last);
  if (!batch.partners.empty()) one.partners.assign(batch.partners.begin() + first, batch.partners.begin() + last);
  for (std::size_t n = 0; n < batch.positions.size(); ++n) {
    if (batch.positions[n] < first || batch.positions[n] >= last) continue;
    one.positions.push_back(batch.positions[n] - first);
    for (Index j = 0; j < m; ++j)
      one.targets.push_back(batch.targets[n * static_cast<std::size_t>(m) + static_cast<std::size_t>(j)]);
  }
  return one;
}

SequenceOptions small(const std::string& memory, const std::string& kernel, const std::string& rule,
                      const std::string& normalization) {
  SequenceOptions options;
  options.vocabulary = 11;
  options.width = 6;
  options.memory = memory;
  options.options.key_dim = 3;
  options.options.kernel = kernel;
  options.options.rule = rule;
  options.options.normalization = normalization;
  return options;
}

}  // namespace palimpsest::layer_test
