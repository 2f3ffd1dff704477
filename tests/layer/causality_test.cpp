// A model of layers is causal: an answer knows nothing of later tokens. No task tells a model of pairs or tokens from one that isn't,
// since all questions come after all pairs; so this test is what holds the mask (tests/gates has the engine without it).
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "layer/adjoint.hpp"
#include "layer/batches.hpp"
#include "palimpsest/layer/sequence_model.hpp"
#include "palimpsest/rule/all.hpp"

namespace palimpsest {
namespace {

/// The memories of a model of layers: attention with and without a window, and every rule that has dense values.
std::vector<SequenceOptions> memories() {
  std::vector<SequenceOptions> all{layer_test::small("softmax"), layer_test::small("window:3")};
  Rules<double>::for_each([&]<class R>() {
    if (StateRule<R>) return;
    all.push_back(layer_test::small("fast_weight", "silu_l2", std::string(R::name) + (TakesArgument<R> ? ":2" : "")));
  });
  return all;
}

TEST(SequenceModel, AnswersKnowNothingOfLaterTokens) {
  for (const auto& options : memories()) {
    SCOPED_TRACE(options.memory + " " + options.options.rule);
    SequenceModel<double> model(options, 1);
    layer_test::disturb(model.parameters(), 201);
    const TokenBatch batch = layer_test::batch_of(options, {131});  // over two borders of chunks
    std::vector<Answered> answered, others;
    model.evaluate(batch, answered);
    for (const Index cut : {2, 17, 63, 64, 65, 130}) {
      TokenBatch other = batch;
      for (Index t = cut; t < 131; ++t)
        other.tokens[static_cast<std::size_t>(t)] =
            static_cast<int>((other.tokens[static_cast<std::size_t>(t)] + 1 + t % 9) % options.vocabulary);
      model.evaluate(other, others);
      bool differs = false;
      for (std::size_t n = 0; n < answered.size(); ++n) {
        if (batch.positions[n] < cut)
          EXPECT_NEAR(others[n].loss, answered[n].loss, 1e-12) << "question " << n << ", cut at " << cut;  // rounding
        else
          differs |= others[n].loss != answered[n].loss;
      }
      EXPECT_TRUE(differs) << "what comes before does count";
    }
  }
}

}  // namespace
}  // namespace palimpsest
