#include "palimpsest/layer/sequence_model.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

#include "layer/adjoint.hpp"
#include "layer/batches.hpp"
#include "layer/naive.hpp"
#include "palimpsest/train/adam.hpp"
#include "reference/agree.hpp"

namespace palimpsest {
namespace {

using layer_test::batch_of;
using layer_test::disturb;
using layer_test::small;
using M = Matrix<double>;

SequenceModel<double> disturbed(const SequenceOptions& options) {
  SequenceModel<double> model(options, 1);
  disturb(model.parameters(), 201);
  return model;
}

/// The gradients of the mean loss, in the order of parameters().
std::vector<M> gradients(SequenceModel<double>& model, const TokenBatch& batch, double scale) {
  model.clear_gradients();
  model.train(batch, scale);
  std::vector<M> all;
  for (const auto* parameter : model.parameters()) all.push_back(parameter->gradient);
  return all;
}

void expect_naive_losses(const SequenceOptions& options, Index targets = 1) {
  SCOPED_TRACE(options.memory + " " + options.options.rule);
  auto model = disturbed(options);
  const TokenBatch batch = batch_of(options, {5, 1, 9}, targets);
  const auto expected = layer_test::naive_losses(options, model, batch);
  std::vector<Answered> answered;
  const double total = model.evaluate(batch, answered);
  ASSERT_EQ(answered.size(), expected.size());
  double sum = 0;
  for (std::size_t n = 0; n < expected.size(); ++n) {
    EXPECT_NEAR(answered[n].loss, expected[n], 1e-10)
        << "question " << n;  // of losses up to ~10, from some 1e4 operations
    sum += expected[n];
  }
  EXPECT_NEAR(total, sum, 1e-9);
  EXPECT_NEAR(model.train(batch, 0.5), 0.5 * sum, 1e-9);
}

TEST(SequenceModel, IsWhatItsFormulasSayTokenByToken) {
  auto options = small("softmax");
  options.heads = 2;
  options.mlp = true;
  expect_naive_losses(options);
  options = small("fast_weight", "identity", "gated_delta", "l2");
  options.heads = 2;
  options.tied = false;
  options.first_output = 4;
  expect_naive_losses(options, 3);
  options = small("fast_weight", "identity", "delta_product:2", "l2");
  options.heads = 2;
  expect_naive_losses(options);
  options.options.largest_beta = 2;
  expect_naive_losses(options);
  options = small("fast_weight", "identity", "delta", "l2");
  options.taps = 0;
  options.pairs = true;
  options.first_output = 5;
  expect_naive_losses(options);
}

struct Stack {
  Index heads, taps;
  bool mlp, tied;
};

// Any two of the four with every pair of their values.
const std::vector<Stack> kStacks{{1, 4, true, true},  {1, 0, false, false}, {2, 0, true, true},
                                 {2, 4, false, true}, {2, 4, true, false},  {1, 1, false, true}};

void expect_gradients(const SequenceOptions& options, Index targets = 1) {
  auto model = disturbed(options);
  const TokenBatch batch = batch_of(options, {4, 1, 5}, targets);
  const double scale = 1 / double(batch.positions.size());
  const auto actual = gradients(model, batch, scale);
  std::vector<Answered> answered;
  const auto f = [&] { return scale * model.evaluate(batch, answered); };
  for (std::size_t i = 0; i < actual.size(); ++i) {
    auto* parameter = model.parameters()[i];
    const M expected = layer_test::differences(f, parameter->value);
    if ((actual[i] - expected).cwiseAbs().maxCoeff() < 1e-9)
      continue;  // rounding of f over h, of which a bias may have little more
    EXPECT_TRUE(reference::agree(actual[i], expected, 1e-6)) << parameter->name;
  }
}

void expect_gradients_of_stacks(SequenceOptions options) {
  for (const auto& [heads, taps, mlp, tied] : kStacks) {
    SCOPED_TRACE(testing::Message() << heads << " heads, " << taps << " taps, mlp " << mlp << ", tied " << tied);
    options.heads = heads, options.taps = taps, options.mlp = mlp, options.tied = tied;
    expect_gradients(options);
  }
}

TEST(SequenceModelGradients, Softmax) { expect_gradients_of_stacks(small("softmax")); }
TEST(SequenceModelGradients, Window) { expect_gradients_of_stacks(small("window:3")); }
TEST(SequenceModelGradients, EluSumAttention) {
  expect_gradients_of_stacks(small("fast_weight", "elu", "sum", "attention"));
}
TEST(SequenceModelGradients, Delta) { expect_gradients_of_stacks(small("fast_weight", "silu_l2", "delta", "none")); }
TEST(SequenceModelGradients, GatedDelta) {
  expect_gradients_of_stacks(small("fast_weight", "silu_l2", "gated_delta", "none"));
}
TEST(SequenceModelGradients, Kda) { expect_gradients_of_stacks(small("fast_weight", "silu_l2", "kda", "none")); }
TEST(SequenceModelGradients, DeltaProduct) {
  auto options = small("fast_weight", "silu_l2", "delta_product:2", "none");
  options.options.largest_beta = 2;
  expect_gradients_of_stacks(options);
}
TEST(SequenceModelGradients, ALearntKernelAndGatesThatWritesShare) {
  expect_gradients(small("fast_weight", "hedgehog", "sum", "attention"));
  expect_gradients(small("fast_weight", "silu_l2", "comba", "none"));
}

TEST(SequenceModelGradients, PairsWithTrainedAndFrozenEmbeddingsAndSeveralTargets) {
  auto options = small("fast_weight", "silu_l2", "delta", "none");
  options.pairs = true;
  options.first_output = 4;
  expect_gradients(options, 2);
  options.frozen = true;
  expect_gradients(options);
  options.tied = false;
  expect_gradients(options);
}

TEST(SequenceModel, ARaggedBatchIsItsSequencesOneByOne) {
  for (const bool pairs : {false, true}) {
    auto options = small("fast_weight", "silu_l2", "gated_delta", "none");
    options.heads = 2, options.mlp = true, options.pairs = pairs;
    auto model = disturbed(options);
    const TokenBatch batch = batch_of(options, {3, 63, 1, 8});
    const auto together = gradients(model, batch, 1);
    std::vector<Answered> all, one;
    model.evaluate(batch, all);
    model.clear_gradients();
    std::size_t question = 0;
    for (Index i = 0; i < batch.layout.sequences(); ++i) {
      const TokenBatch alone = layer_test::sequence_of(batch, i);
      model.train(alone, 1);
      model.evaluate(alone, one);
      for (const auto& [loss, right] : one) {
        EXPECT_NEAR(loss, all[question].loss, 1e-12);
        EXPECT_EQ(right, all[question].right);
        ++question;
      }
    }
    EXPECT_EQ(question, all.size());
    for (std::size_t p = 0; p < together.size(); ++p)
      EXPECT_TRUE(reference::agree(model.parameters()[p]->gradient, together[p], 1e-12)) << model.parameters()[p]->name;
  }
}

TEST(SequenceModel, LongBatchesGoInPartsThatAddUp) {
  auto options = small("window:3");
  auto model = disturbed(options);
  TokenBatch batch = batch_of(options, {1501, 1, 2900, 5001, 37});  // parts of 1502, 2900, 5001 and 37 columns
  const auto together = gradients(model, batch, 1e-3);
  const double loss = model.train(batch, 1e-3);
  model.clear_gradients();
  double sum = 0;
  for (Index i = 0; i < batch.layout.sequences(); ++i) sum += model.train(layer_test::sequence_of(batch, i), 1e-3);
  EXPECT_NEAR(loss, sum, 1e-12 * sum);
  for (std::size_t p = 0; p < together.size(); ++p)
    EXPECT_TRUE(reference::agree(model.parameters()[p]->gradient, together[p], 1e-11)) << model.parameters()[p]->name;
}

TEST(SequenceModel, GradientsAccumulate) {
  const auto options = small("fast_weight", "silu_l2", "delta", "none");
  auto model = disturbed(options);
  const TokenBatch batch = batch_of(options, {5, 7});
  const auto once = gradients(model, batch, 1);
  model.train(batch, 1);
  for (std::size_t p = 0; p < once.size(); ++p)
    EXPECT_TRUE(reference::agree(model.parameters()[p]->gradient, 2 * once[p], 1e-14));
}

TEST(SequenceModel, ACopyIsAModelOfItsOwn) {
  const auto options = small("fast_weight", "hedgehog", "gated_delta", "none");
  auto model = disturbed(options);
  const TokenBatch batch = batch_of(options, {5, 7});
  const auto before = gradients(model, batch, 1);
  SequenceModel<double> copy = model;
  for (auto* parameter : copy.parameters()) parameter->value.setZero();
  copy.train(batch, 1);
  const auto after = gradients(model, batch, 1);
  EXPECT_EQ(before, after);
}

TEST(SequenceModel, UntrainedItKnowsNothing) {
  SequenceOptions options;
  options.memory = "softmax";
  options.vocabulary = 8192;
  SequenceModel<float> model(options, 1);
  const TokenBatch batch = batch_of(options, std::vector<Index>(32, 32));
  std::vector<Answered> answered;
  const double loss = model.evaluate(batch, answered) / double(answered.size());
  EXPECT_NEAR(loss, std::log(8192), 0.01 * std::log(8192));
}

TEST(SequenceModel, LearnsABatchByHeart) {
  auto options = small("fast_weight", "silu_l2", "delta", "none");
  options.width = 16, options.options.key_dim = 16, options.vocabulary = 63;
  SequenceModel<float> model(options, 1);
  const TokenBatch batch = batch_of(options, {9, 9, 5});
  const double scale = 1 / double(batch.positions.size());
  Adam<float> adam;
  for (int step = 0; step < 200; ++step) {
    model.clear_gradients();
    model.train(batch, scale);
    adam.update(model.parameters(), 0.01);
  }
  std::vector<Answered> answered;
  EXPECT_LT(scale * model.evaluate(batch, answered), 0.05);
  for (const auto& question : answered) EXPECT_TRUE(question.right);
}

TEST(SequenceModel, StartsAsStated) {
  auto options = small("fast_weight", "silu_l2", "gated_delta", "none");
  options.width = 63, options.mlp = true, options.tied = false, options.vocabulary = 501;
  SequenceModel<double> model(options, 1);
  for (const auto* parameter : model.parameters()) {
    const M& x = parameter->value;
    EXPECT_TRUE((parameter->gradient.array() == 0).all()) << parameter->name;
    const double mean_square = x.array().square().mean();
    if (parameter->name.ends_with("norm")) {
      EXPECT_EQ(x, M::Ones(x.rows(), 1)) << parameter->name;
    } else if (parameter->name.ends_with("mixer.output")) {
      EXPECT_NEAR(mean_square, 4e-4 / 4, 2e-5) << parameter->name;  // 2n = 4
    } else if (!parameter->name.ends_with("bias") && !parameter->name.ends_with("convolution")) {
      EXPECT_NEAR(mean_square, 4e-4, 8e-5) << parameter->name;  // of 1000 entries at least: 4.5 standard errors
    }
  }
}

TEST(SequenceModel, WhatOnePartHasChangesNoOther) {
  auto options = small("softmax");
  SequenceModel<double> plain(options, 5);
  options.mlp = true, options.tied = false;
  SequenceModel<double> more(options, 5);
  std::map<std::string, M> of_more;
  for (const auto* parameter : more.parameters()) of_more[parameter->name] = parameter->value;
  for (const auto* parameter : plain.parameters()) EXPECT_EQ(of_more.at(parameter->name), parameter->value);
  SequenceModel<double> reseeded(options, 6);
  EXPECT_NE(reseeded.parameters()[0]->value, more.parameters()[0]->value);
}

TEST(SequenceModel, ParametersHaveNamesOfTheirOwn) {
  auto options = small("fast_weight", "hedgehog", "comba", "none");
  options.heads = 2, options.mlp = true, options.tied = false, options.pairs = true;
  SequenceModel<float> model(options, 1);
  std::set<std::string> names;
  Index entries = 0;
  for (const auto* parameter : model.parameters()) {
    EXPECT_TRUE(names.insert(parameter->name).second) << parameter->name;
    entries += parameter->value.size();
  }
  EXPECT_TRUE(names.contains("layers.1.mixer.projections"));
  EXPECT_EQ(model.parameter_count(), entries);
}

TEST(SequenceModel, CountsParametersAndStateByHand) {
  // V = 11, D = 6, H = 2, d = 3, d_v = 3, delta: projections (2·3 + 2·3 + 6 + 2)×6 = 120 and 2 biases, convolution 18·4 = 72,
  // W_o 36, gains 6 + 6: 242 per layer; embedding 66, last gain 6.
  auto options = small("fast_weight", "silu_l2", "delta", "none");
  options.heads = 2;
  SequenceModel<float> delta(options, 1);
  EXPECT_EQ(delta.parameter_count(), 2 * 242 + 66 + 6);
  // H·p·d_v = 18, (taps − 1)(2·H·d + D) = 54, of two layers.
  EXPECT_EQ(delta.state_floats(63), 2 * (18 + 54));
  // Softmax keeps (H·d + D) = 12 per token, a window of 3 of three.
  options = small("softmax");
  options.heads = 2, options.taps = 1;
  EXPECT_EQ(SequenceModel<float>(options, 1).state_floats(63), 2 * 12 * 63);
  options.memory = "window:3";
  EXPECT_EQ(SequenceModel<float>(options, 1).state_floats(63), 2 * 12 * 3);
  // An accumulator is H·p more.
  options = small("fast_weight", "elu", "sum", "attention");
  options.heads = 2, options.taps = 0, options.layers = 1;
  EXPECT_EQ(SequenceModel<float>(options, 1).state_floats(63), 18 + 6);
  // Two micro-steps convolve two keys and two values: 3·(6 + 12 + 12).
  options = small("fast_weight", "silu_l2", "delta_product:2", "none");
  options.heads = 2, options.layers = 1;
  EXPECT_EQ(SequenceModel<float>(options, 1).state_floats(63), 18 + 90);
}

TEST(SequenceModel, RandomFeaturesAreDrawnByNumber) {
  const auto options = small("fast_weight", "favor:5", "sum", "attention");
  auto model = disturbed(options);
  const TokenBatch batch = batch_of(options, {9});
  std::vector<Answered> answered;
  const double before = model.evaluate(batch, answered);
  model.draw(1);
  EXPECT_NE(model.evaluate(batch, answered), before);
  model.draw(0);
  EXPECT_EQ(model.evaluate(batch, answered), before);
}

TEST(SequenceModel, NamesWhatIsOutOfRange) {
  const auto expect_refused = [](auto change) {
    auto options = small("softmax");
    change(options);
    EXPECT_THROW(SequenceModel<float>(options, 1), ConfigurationError);
  };
  expect_refused([](auto& o) { o.vocabulary = 0; });
  expect_refused([](auto& o) { o.width = 0; });
  expect_refused([](auto& o) { o.layers = 0; });
  expect_refused([](auto& o) { o.heads = 4; });
  expect_refused([](auto& o) { o.first_output = o.vocabulary; });
  expect_refused([](auto& o) { o.memory = "soft"; });
}

}  // namespace
}  // namespace palimpsest
