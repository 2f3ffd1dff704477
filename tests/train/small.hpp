// Points that train in well under a second, and outcomes that must be equal.
#pragma once

#include <gtest/gtest.h>

#include "palimpsest/train/point.hpp"

namespace palimpsest {

inline Configuration small(std::string kernel, Index d, Index S) {
  Configuration configuration;
  follow_protocol("published_2021", configuration);
  configuration.kernel = std::move(kernel);
  configuration.key_dim = d;
  configuration.S = configuration.L = S;
  return configuration;
}

inline Configuration small_softmax(Index d, Index S) {
  Configuration configuration = small("elu", d, S);
  configuration.memory = "softmax";
  return configuration;
}

inline void expect_same(const Outcome& a, const Outcome& b) {
  EXPECT_EQ(a.status, b.status);
  EXPECT_EQ(a.reason, b.reason);
  EXPECT_EQ(a.feature_dim, b.feature_dim);
  EXPECT_EQ(a.steps, b.steps);
  EXPECT_EQ(a.best_step, b.best_step);
  EXPECT_EQ(a.train_loss, b.train_loss);
  EXPECT_EQ(a.best_loss, b.best_loss);
  EXPECT_EQ(a.last_loss, b.last_loss);
  EXPECT_EQ(a.final_loss, b.final_loss);
  EXPECT_EQ(a.final_loss_error, b.final_loss_error);
  EXPECT_EQ(a.accuracy, b.accuracy);
  EXPECT_EQ(a.mean_beta, b.mean_beta);
  EXPECT_EQ(a.mean_alpha, b.mean_alpha);
  EXPECT_EQ(a.loss_by_age, b.loss_by_age);
  EXPECT_EQ(a.loss_by_overwrites, b.loss_by_overwrites);
  EXPECT_EQ(a.bound, b.bound);
  ASSERT_EQ(a.curve.size(), b.curve.size());
  for (std::size_t i = 0; i < a.curve.size(); ++i) {
    EXPECT_EQ(a.curve[i].step, b.curve[i].step);
    EXPECT_EQ(a.curve[i].train_loss, b.curve[i].train_loss);
    EXPECT_EQ(a.curve[i].loss, b.curve[i].loss);
  }
}

}  // namespace palimpsest
