// Training stops at an evaluation of few sequences that met the tolerance. Whoever evaluates again must come to the
// same.
#include <gtest/gtest.h>

#include "palimpsest/pair/all.hpp"
#include "palimpsest/pair/table_model.hpp"
#include "palimpsest/sweep/judge/criterion.hpp"
#include "palimpsest/train/pair_learner.hpp"
#include "palimpsest/train/trainer.hpp"

namespace palimpsest {
namespace {

TEST(Judging, WhatStoppedAtTheToleranceIsGoodIn99Of100FreshEvaluations) {
  const sweep::Criterion criterion{sweep::Criterion::final_loss, 1e-3};
  for (const std::uint64_t seed : {1, 2, 3}) {
    Configuration c;
    follow_protocol("published_2021", c);
    c.S = 7;
    c.L = 14;
    c.replacement = true;
    c.key_dim = 9;
    c.model = "table";
    c.rule = "delta";
    c.normalization = "l2";
    c.batch = 8;
    c.learning_rate = 0.03;
    c.max_steps = 4000;
    c.evaluation_every = 20;
    c.patience = 200;
    c.seed = seed;
    const auto memory = std::get<FastWeight<float>>(make_memory(c));
    Trainer trainer(c, PairLearner<float, AnyModel<float>, FastWeight<float>>(c, make_model(c, memory), memory));
    Outcome outcome;
    trainer.run(outcome, [] {});
    ASSERT_EQ(outcome.reason, "tolerance") << "seed " << seed;
    trainer.evaluate_best(outcome);
    const AssociativeRetrieval task({c.S, c.L, c.replacement});
    int good = 0, plain = 0;
    FastWeight<float>::Kept kept;
    constexpr int evaluations = 400;
    for (int i = 0; i < evaluations; ++i) {
      const auto fresh = evaluate<float>(
          trainer.learner().memory(), kept, c.S, EvaluationMode::exact, c.evaluation_sequences,
          [&](Index sequence, Episode& episode) {
            Stream stream(c.seed, Purpose::test, static_cast<std::uint64_t>(i * c.evaluation_sequences + sequence));
            task.deal_evaluation(stream, episode);
          },
          [](Index) {});
      good +=
          fulfils({fresh.loss, fresh.accuracy, outcome.best_loss, fresh.loss_error, c.evaluation_sequences}, criterion);
      plain += fresh.loss <= criterion.bound;
    }
    EXPECT_GE(good, evaluations * 99 / 100) << "seed " << seed;
    // 40 to 290 of 400, over twelve seeds: the mean loss of these points is near the tolerance, or above it.
    EXPECT_LT(plain, evaluations * 95 / 100) << "seed " << seed << ": a fresh loss alone would do";
  }
}

}  // namespace
}  // namespace palimpsest
