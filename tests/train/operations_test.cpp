#include "palimpsest/train/operations.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "palimpsest/kernel/all.hpp"
#include "palimpsest/normalization/all.hpp"
#include "palimpsest/pair/all.hpp"
#include "palimpsest/pair/operations.hpp"
#include "palimpsest/rule/all.hpp"

namespace palimpsest {
namespace {

Configuration of(const std::string& rule, const std::string& kernel = "elu", Index S = 20) {
  Configuration configuration;
  configuration.S = S;
  configuration.L = 2 * S;
  configuration.replacement = true;
  configuration.rule = rule;
  configuration.kernel = kernel;
  configuration.normalization = "sum";
  return configuration;
}

double step(const Configuration& configuration) { return count_operations(configuration).step; }

// Counted with a pencil: d = 3, one write, one query.
TEST(Operations, OfSmallExamplesAreExact) {
  EXPECT_EQ(operations<float>(Relu<float>(), 3), (Operations{3, 9}));
  EXPECT_EQ(operations<float>(Elu<float>(), 3), (Operations{3 * 28, 9}));
  // r = [max(x, 0); max(−x, 0)]: 6; r_i r_{i−1}: 6
  EXPECT_EQ(operations<float>(Dpfp<float>(1), 3).forward, 12);
  // Ωᵀx of four columns and the scale; ‖x‖²: 6, and an exponential, a subtraction and a factor for each of 8 features
  EXPECT_EQ(lift_operations<float>(Favor<float>(4), 3), (Operations{27, 27}));
  EXPECT_EQ(operations<float>(Favor<float>(4), 3).forward, 6 + 8 * 27);
  // σ = Σφ: 5 (counted as one per feature); φ/σ: 5
  EXPECT_EQ(SumNormalization<float>::operations(5).forward, 10);
  // kᵀq and c·v: a multiply-add per feature; back dk = dc q, dq += dc k
  EXPECT_EQ(SumRule<float>::operations({7, 1, 1, 5}), (Operations{10, 15}));
  // s = k·u, u −= e s k for each of 4 writes and 5 features
  EXPECT_EQ(DeltaRule<float>::operations({7, 4, 1, 5}), (Operations{80, 160}));
  // G = KKᵀ of 2×2 from 9 writes: half of 2·2·2·9 by symmetry; Cholesky 8/3; two triangular solves 8; Kᵀu 36; twice in
  // double
  EXPECT_DOUBLE_EQ(RecursiveLeastSquares<float>::operations({7, 9, 1, 2}).forward, 2 * (36 + 8 / 3.0 + 8 + 36));
}

// No operation of a rule but fwm2021, and none of a normalisation, depends on the number of values: Y = V C is what
// does.
TEST(Operations, OnlyACarriedStateDependsOnTheValues) {
  Rules<float>::for_each([]<class R>() {
    const auto few = R::operations({10, 40, 1, 64}), many = R::operations({1000, 40, 1, 64});
    EXPECT_EQ(few == many, R::name != Fwm2021Rule<float>::name) << R::name;
  });
}

TEST(Operations, EveryComponentStatesSome) {
  Kernels<float>::for_each([]<class K>() {
    const auto kernel = [] {
      if constexpr (TakesArgument<K>)
        return K(3);
      else
        return K();
    }();
    const auto of_one = operations<float>(kernel, 16), of_more = operations<float>(kernel, 64);
    EXPECT_GE(of_one.forward, 0) << K::name;
    EXPECT_GT(of_one.backward, 0) << K::name;
    EXPECT_GT(of_more.both(), of_one.both()) << K::name;
  });
  Rules<float>::for_each([]<class R>() {
    const auto one = R::operations({20, 20, 1, 16}), more = R::operations({20, 40, 1, 16});
    EXPECT_GT(one.forward, 0) << R::name;
    EXPECT_GT(more.forward, one.forward) << R::name;
    EXPECT_GT(more.backward, one.backward) << R::name;
  });
  Normalizations<float>::for_each([]<class N>() {
    EXPECT_EQ(N::operations(64).forward > 0, N::traits.maps_tokens) << N::name;
    EXPECT_EQ(N::operations(64).backward > 0, N::traits.maps_tokens) << N::name;
  });
}

TEST(Operations, ParametersAreCountedWithoutMakingThem) {
  const LearntGate beta{"beta", 1, 0, 0}, unlearnt{"beta", 0, 0, 0}, alpha{"alpha", 1, 6, 1}, wide{"alpha", 4, 6, 1};
  const std::vector<TokenShape> shapes = {{7, 5, 1, {}},     {7, 5, 1, {beta}},       {9, 4, 1, {unlearnt, alpha}},
                                          {6, 3, 3, {beta}}, {5, 4, 1, {beta, wide}}, {1, 1, 2, {beta, alpha}}};
  Models<float>::for_each([&]<class Model>() {
    for (const auto& shape : shapes) {
      Model model(shape, ProjectionInit::linear, 1);
      double entries = 0;
      for (const auto* parameter : model.parameters()) entries += static_cast<double>(parameter->value.size());
      EXPECT_EQ(Model::parameter_count(shape), entries) << Model::name;
      TokenTables<float> tables;
      model.encode({0}, tables);
      EXPECT_EQ(Model::keys_depend_on_values, tables.keys_depend_on_values()) << Model::name;
    }
  });
}

// A step of the sum rule, put together with a pencil: S = L = 5, d = 3, elu (p = 3), attention, table model, batch 2.
TEST(Operations, OfAStepAreThoseOfItsParts) {
  Configuration c;
  c.S = c.L = 5;
  c.key_dim = 3;
  c.batch = 2;
  c.model = "table";
  const double token = 3 * 28 + 9;
  const double products = 2 * 5 * 3 * 2 + 4 * 5 * 3 * 2;  // 5 keys with 2 queries, and the two adjoint products
  const double episodes = 2 * 5 * (3 + 4 + 1);            // sum, divide, scatter; their adjoint and the gather's sum
  const double model = 3 * 2, adam = 13 * (5 * 3 + 5 * 3), losses = 2 * 3 * 5;
  EXPECT_EQ(count_operations(c).step, (5 + 2) * token + products + episodes + model + adam + losses);
  c.evaluation_sequences = 4;
  const double evaluation = (5 + 5) * 3 * 28 + 2 * 5 * 3 * 5 + 4 * (3 * 5 * 5) + 4 * 5 * 3 * 5;
  EXPECT_EQ(count_operations(c).evaluation, evaluation);
}

TEST(Operations, OrderRulesAsTheirTimesDo) {
  for (const auto* kernel : {"elu", "dpfp:1"})
    for (const Index S : {20, 60}) {
      const double sum = step(of("sum", kernel, S)), decay = step(of("decay", kernel, S)),
                   delta = step(of("delta", kernel, S)), gated = step(of("gated_delta", kernel, S)),
                   product = step(of("delta_product:2", kernel, S)), rls = step(of("rls", kernel, S)),
                   fwm = step(of("fwm2021", kernel, S));
      EXPECT_LT(sum, decay);
      EXPECT_LT(decay, gated);
      EXPECT_LT(delta, gated);
      EXPECT_LT(gated, product);
      EXPECT_GT(rls, 2 * gated) << kernel << " S = " << S;
      EXPECT_GT(fwm, 2 * gated) << kernel << " S = " << S;
    }
}

TEST(Operations, ExpectTheKeysThatWereWritten) {
  auto c = of("sum", "elu", 3);
  c.L = 2;  // of 9 pairs of keys 3 are of one key: 5/3 keys on average
  c.evaluation_sequences = 1;
  c.model = "table";
  const double features = (3 + 3) * (64 * 28 + 2 * 64.0), coefficients = 2 * 3 * 64 * 3;
  EXPECT_NEAR(count_operations(c).evaluation, features + coefficients + 5 / 3.0 * (2 * 1 + 3 * 3), 1e-9);
  c.replacement = false;  // both are asked
  EXPECT_NEAR(count_operations(c).evaluation, features + coefficients + 2.0 * (2 * 1 + 3 * 3), 1e-9);
}

TEST(CostEstimate, IsThatOfAllStepsAndEvaluations) {
  Configuration c;
  c.max_steps = 250;
  c.evaluation_every = 100;  // at 100, 200 and 250, and the final one
  const auto operations = count_operations(c);
  EXPECT_FLOAT_EQ(cost_estimate(c), 250 * operations.step + 4 * operations.evaluation);
  c.evaluation_every = 1;
  EXPECT_FLOAT_EQ(cost_estimate(c), 250 * operations.step + 251 * operations.evaluation);
}

TEST(CostEstimate, KnowsWhenFeaturesAreDrawnAnew) {
  auto c = of("sum", "favor:64");
  c.normalization = "attention";
  const double fixed = cost_estimate(c);
  c.redraw = "every:100";
  const double seldom = cost_estimate(c);
  c.redraw = "every_step";
  EXPECT_LT(fixed, seldom);
  EXPECT_GT(cost_estimate(c), 1.2 * seldom);
}

}  // namespace
}  // namespace palimpsest
