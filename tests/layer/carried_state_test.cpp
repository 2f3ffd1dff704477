// Sequences that go on from the state of others: cut anywhere, what is answered is what one sequence answers; gradients are central
// differences where the state is a constant.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <vector>

#include "layer/adjoint.hpp"
#include "layer/batches.hpp"
#include "reference/agree.hpp"
#include "reference/random.hpp"

namespace palimpsest {
namespace {

using M = Matrix<double>;
using Model = SequenceModel<double>;

TEST(CarriedTokens, ConvolveAsIfTheyStoodBefore) {
  // Taps 1, 10, 100: 1 2 stand before 3 4 5, and 6 7 before 8, of which 7 and 6 are seen.
  ShortConvolution<double> by_hand("w", 1, 3);
  by_hand.parameters()[0]->value << 1, 10, 100;
  M Y(1, 4);
  by_hand.forward({{0, 3, 4}}, (M(1, 4) << 3, 4, 5, 8).finished(), Y, (M(1, 4) << 1, 2, 6, 7).finished());
  EXPECT_EQ(Y, (M(1, 4) << 123, 234, 345, 678).finished());

  for (const auto& [channels, taps] : {std::array<Index, 2>{1, 2}, {5, 4}, {35, 7}})
    for (const Index cut : {1, 2, 3, 6, 9}) {
      ShortConvolution<double> convolution("w", channels, taps);
      layer_test::disturb(convolution.parameters(), 71);
      const M X = reference::normal(channels, 10, 72);
      M whole(channels, 10), end(channels, 10 - cut), before = M::Zero(channels, taps - 1);
      const Index own = std::min(cut, taps - 1);
      before.rightCols(own) = X.middleCols(cut - own, own);
      convolution.forward({{0, 10}}, X, whole);
      convolution.forward({{0, 10 - cut}}, X.rightCols(10 - cut), end, before);
      EXPECT_TRUE(reference::agree(end, whole.rightCols(10 - cut), 1e-15));  // of up to seven terms
    }
}

TEST(CarriedTokens, AreConstantsOfTheConvolution) {
  const Layout layout{{0, 1, 3, 9}};
  for (const auto& [channels, taps] : {std::array<Index, 2>{1, 2}, {5, 4}, {35, 7}}) {
    ShortConvolution<double> convolution("w", channels, taps);
    layer_test::disturb(convolution.parameters(), 71);
    const M before = reference::normal(channels, 3 * (taps - 1), 73);
    layer_test::expect_adjoint(
        {channels, channels, [&](auto X, auto Y) { convolution.forward(layout, X, Y, before); },
         [&](auto X, auto dY, auto dX) { convolution.backward(layout, X, dY, dX, before); }, convolution.parameters()},
        layout.columns());
  }
}

std::vector<SequenceOptions> models() {
  std::vector<SequenceOptions> all;
  const auto add = [&](const std::string& kernel, const std::string& rule, const std::string& normalization) {
    all.push_back(layer_test::small("fast_weight", kernel, rule, normalization));
  };
  add("silu_l2", "delta", "none");
  add("elu", "sum", "attention");
  add("elu", "delta", "sum+attention");
  add("silu_l2", "kda", "none");
  add("silu_l2", "rwkv7", "none");
  add("silu_l2", "momentum_delta", "none");
  add("silu_l2", "delta_product:2", "none");
  all[0].heads = 2, all[0].mlp = true;
  all[1].taps = 0;
  all[2].taps = 7;
  all[4].layers = 3;
  return all;
}

Model disturbed(const SequenceOptions& options) {
  Model model(options, 3);
  layer_test::disturb(model.parameters(), 700);
  return model;
}

/// Tokens `first` … `end` − 1 of every sequence, each with a question.
TokenBatch part(const TokenBatch& whole, Index first, Index end) {
  TokenBatch batch;
  batch.layout.starts.push_back(0);
  for (Index i = 0; i < whole.layout.sequences(); ++i) {
    for (Index t = whole.layout.start(i) + first; t < whole.layout.start(i) + end; ++t) {
      batch.positions.push_back(std::ssize(batch.tokens));
      batch.tokens.push_back(whole.tokens[static_cast<std::size_t>(t)]);
      batch.targets.push_back(whole.tokens[static_cast<std::size_t>(whole.layout.columns() - 1 - t)]);
    }
    batch.layout.starts.push_back(std::ssize(batch.tokens));
  }
  return batch;
}

TEST(CarriedSequences, AnswerAsOneWhereverTheyAreCut) {
  for (const auto& options : models()) {
    SCOPED_TRACE(fmt::format("{} {}", options.options.rule, options.options.normalization));
    auto model = disturbed(options);
    const TokenBatch long_ones = layer_test::batch_of(options, {135, 135, 135});
    std::vector<Answered> whole, answered;
    model.evaluate(part(long_ones, 0, 135), whole);
    for (const auto& cuts : {std::vector<Index>{63, 128}, {64, 65}, {1, 3}, {2, 134}}) {
      std::vector<Model::State> states(3);
      Index first = 0;
      for (const Index end : {cuts[0], cuts[1], Index(135)}) {
        model.evaluate(part(long_ones, first, end), answered, states);
        for (Index i = 0; i < 3; ++i)
          for (Index t = first; t < end; ++t) {
            const double expected = whole[static_cast<std::size_t>(135 * i + t)].loss;
            // Products in another order, through two layers and the norms of small answers.
            ASSERT_NEAR(answered[static_cast<std::size_t>((end - first) * i + t - first)].loss, expected,
                        1e-10 * (1 + expected))
                << "sequence " << i << ", token " << t << " cut at " << cuts[0] << ", " << cuts[1];
          }
        first = end;
      }
    }
  }
}

TEST(CarriedSequences, GoInPartsAsInOne) {
  auto model = disturbed(models()[0]);
  const TokenBatch long_ones =
      layer_test::batch_of(models()[0], std::vector<Index>(5, 700));  // two of them are too much
  std::vector<Model::State> states(5);
  std::vector<Answered> together, one;
  model.evaluate(part(long_ones, 0, 350), together, states);
  model.evaluate(part(long_ones, 350, 700), together, states);
  for (Index i = 0; i < 5; ++i) {
    const TokenBatch alone = layer_test::sequence_of(part(long_ones, 0, 700), i);
    model.evaluate(alone, one);
    EXPECT_NEAR(one.back().loss, together[static_cast<std::size_t>(350 * (i + 1) - 1)].loss, 1e-9);
  }
}

TEST(CarriedSequences, GradientsAreCentralDifferencesWhereStatesAreConstants) {
  for (const auto& options : models()) {
    SCOPED_TRACE(fmt::format("{} {}", options.options.rule, options.options.normalization));
    auto model = disturbed(options);
    const TokenBatch sequences = layer_test::batch_of(options, {9, 9});
    const TokenBatch second = part(sequences, 4, 9);
    std::vector<Model::State> states(2);
    std::vector<Answered> answered;
    model.evaluate(part(sequences, 0, 4), answered, states);
    auto constant = states;
    model.clear_gradients();
    model.train(second, 1, constant);
    const auto f = [&] {
      auto copy = states;
      return model.evaluate(second, answered, copy);
    };
    for (auto* parameter : model.parameters()) {
      const M actual = parameter->gradient;
      EXPECT_TRUE(reference::agree(actual, layer_test::differences(f, parameter->value), 1e-6)) << parameter->name;
    }
  }
}

TEST(CarriedSequences, TrainingLeavesWhatAnEvaluationLeaves) {
  for (const auto& options : models()) {
    auto model = disturbed(options);
    const TokenBatch batch = part(layer_test::batch_of(options, {9, 9}), 0, 9);
    std::vector<Model::State> trained(2), evaluated(2);
    std::vector<Answered> answered;
    model.train(batch, 1, trained);
    model.evaluate(batch, answered, evaluated);
    for (std::size_t i = 0; i < 2; ++i)
      for (std::size_t layer = 0; layer < trained[i].size(); ++layer) {
        const auto &a = trained[i][layer], &b = evaluated[i][layer];
        EXPECT_EQ(a.tokens, b.tokens);
        for (std::size_t head = 0; head < a.memories.size(); ++head)
          EXPECT_EQ(a.memories[head].rule.values, b.memories[head].rule.values);
      }
  }
}

}  // namespace
}  // namespace palimpsest
