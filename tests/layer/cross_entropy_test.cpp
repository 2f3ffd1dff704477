#include "palimpsest/layer/cross_entropy.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "reference/agree.hpp"
#include "reference/dense.hpp"
#include "reference/random.hpp"

namespace palimpsest {
namespace {

using M = Matrix<double>;

/// Losses and gradients with h = 1: logits are the entries of E.
struct ByHand {
  M E, H = M::Ones(1, 1), dH = M::Zero(1, 1), dE;
  double loss;
  Answered answered;

  ByHand(M logits, const std::vector<int>& targets) : E(std::move(logits)), dE(M::Zero(1, E.cols())) {
    CrossEntropy<double> head;
    MatrixView<double> gradient = dE;
    loss = head.train(E, H, targets, 1, dH, &gradient);
    EXPECT_EQ(head.evaluate(E, H, targets, {&answered, 1}), loss);
    EXPECT_EQ(answered.loss, loss);
  }
};

TEST(CrossEntropy, OneTargetByHand) {
  // Logits ln 1, ln 2, ln 5: probabilities 1/8, 2/8, 5/8.
  const M logits = (M(1, 3) << 0, std::log(2), std::log(5)).finished();
  const ByHand middle(logits, {1});
  EXPECT_NEAR(middle.loss, std::log(4), 1e-15);
  EXPECT_TRUE(reference::agree(middle.dE, (M(1, 3) << 0.125, -0.75, 0.625).finished(), 1e-15));
  EXPECT_NEAR(middle.dH(0), -0.75 * std::log(2) + 0.625 * std::log(5), 1e-15);
  EXPECT_FALSE(middle.answered.right);
  EXPECT_TRUE(ByHand(logits, {2}).answered.right);
}

TEST(CrossEntropy, SeveralTargetsAreTheMeanOfTheirOneHots) {
  // Against (0, ½, ½): −½ ln(2/8) − ½ ln(5/8).
  const M logits = (M(1, 3) << 0, std::log(2), std::log(5)).finished();
  const ByHand both(logits, {2, 1});
  EXPECT_NEAR(both.loss, 0.5 * std::log(8.0 / 2) + 0.5 * std::log(8.0 / 5), 1e-15);
  EXPECT_TRUE(reference::agree(both.dE, (M(1, 3) << 0.125, -0.25, 0.125).finished(), 1e-15));
  EXPECT_TRUE(both.answered.right);
  EXPECT_FALSE(ByHand(logits, {2, 0}).answered.right);
  // One that is named twice counts twice in the loss, and is one in the set.
  EXPECT_TRUE(ByHand(logits, {2, 2}).answered.right);
  EXPECT_NEAR(ByHand(logits, {2, 2}).loss, std::log(8.0 / 5), 1e-15);
}

TEST(CrossEntropy, ATieIsNoAnswer) {
  const M logits = (M(1, 4) << 3, 3, 2, 1).finished();
  EXPECT_FALSE(ByHand(logits, {0}).answered.right);
  EXPECT_TRUE(ByHand(logits, {0, 1}).answered.right);
  EXPECT_FALSE(ByHand((M(1, 3) << 3, 2, 2).finished(), {0, 1}).answered.right);
}

TEST(CrossEntropy, HoldsForLogitsWhoseExponentialsDont) {
  const ByHand large((M(1, 3) << 2000, 1000, -2000).finished(), {1});
  EXPECT_EQ(large.loss, 1000);
  EXPECT_EQ(large.dE, (M(1, 3) << 1, -1, 0).finished());
}

TEST(CrossEntropy, ANaNIsNeverRight) {
  const M E = (M(1, 3) << 1, std::nan(""), 0).finished(), H = M::Ones(1, 1);
  Answered answered{};
  const std::vector<int> targets{0};
  EXPECT_TRUE(std::isnan(CrossEntropy<double>().evaluate(E, H, targets, {&answered, 1})));
  EXPECT_FALSE(answered.right);
}

TEST(CrossEntropy, GradientsAreCentralDifferencesTimesTheScale) {
  const Index D = 5, V = 7, N = 3;
  const double scale = 0.3, there = 0.5;
  for (const std::vector<int>& targets : {std::vector<int>{6, 0, 3}, {6, 0, 3, 3, 1, 2}}) {
    M E = reference::normal(D, V, 81), H = reference::normal(D, N, 82);
    reference::PoisonedWindow<double> dH(D, N), dE(D, V);
    dH.view().setConstant(there), dE.view().setConstant(there);
    CrossEntropy<double> head;
    MatrixView<double> view = dE.view();
    head.train(E, H, targets, scale, dH.view(), &view);
    const auto f = [&] { return scale * CrossEntropy<double>().evaluate(E, H, targets); };
    EXPECT_TRUE(dH.in_bounds());
    EXPECT_TRUE(dE.in_bounds());
    EXPECT_TRUE(reference::agree((dH.value().array() - there).matrix(), reference::central_differences(f, H), 1e-8));
    EXPECT_TRUE(reference::agree((dE.value().array() - there).matrix(), reference::central_differences(f, E), 1e-8));
  }
}

TEST(CrossEntropy, BlocksOfColumnsAreTheQuestionsOneByOne) {
  const Index D = 5, V = 63, N = 301;  // three blocks, the last of them short
  const M E = reference::normal(D, V, 91), H = reference::normal(D, N, 92);
  std::vector<int> targets;
  for (Index n = 0; n < N; ++n) targets.push_back(static_cast<int>((n * n) % V));
  CrossEntropy<double> head;
  std::vector<Answered> answered(static_cast<std::size_t>(N));
  M dH = M::Zero(D, N), dE = M::Zero(D, V), dh_one = dH, dE_one = dE;
  MatrixView<double> dE_view = dE, dE_one_view = dE_one;
  const double total = head.evaluate(E, H, targets, answered);
  EXPECT_EQ(head.train(E, H, targets, 0.1, dH, &dE_view), total);
  double sum = 0;
  for (Index n = 0; n < N; ++n) {
    const auto i = static_cast<std::size_t>(n);
    Answered one{};
    sum += head.evaluate(E, H.col(n), std::span(targets).subspan(i, 1), {&one, 1});
    head.train(E, H.col(n), std::span(targets).subspan(i, 1), 0.1, dh_one.col(n), &dE_one_view);
    EXPECT_NEAR(answered[i].loss, one.loss, 1e-13);
    EXPECT_EQ(answered[i].right, one.right);
  }
  EXPECT_NEAR(total, sum, 1e-11);
  EXPECT_TRUE(reference::agree(dH, dh_one, 1e-13));
  EXPECT_TRUE(reference::agree(dE, dE_one, 1e-13));
}

TEST(CrossEntropy, SmallLogitsOverVOutputsAreWorthLnV) {
  const M H = M::Ones(1, 1);
  EXPECT_NEAR(CrossEntropy<double>().evaluate(M::Zero(1, 8192), H, std::vector<int>{17}), std::log(8192), 1e-12);
}

TEST(CrossEntropy, NoQuestionsAreWorthNothing) {
  EXPECT_EQ(CrossEntropy<double>().evaluate(M::Ones(5, 7), M(5, 0), {}), 0);
}

}  // namespace
}  // namespace palimpsest
