#include "palimpsest/train/sequence_score.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace palimpsest {
namespace {

TEST(SequenceScore, IsWorkedByHand) {
  SequenceScorer scorer;
  // Length 8: distances 1, 2 are of the first quarter, 3, 4 of the second, 5, 6 of the third, 7 of the last.
  scorer.add({1, 2, 3}, {true, true, false}, {1, 2, 7}, 8);
  scorer.add({0, 2}, {true, true}, {3, 4}, 8);
  scorer.add({1}, {false}, {2}, 8);
  const auto score = scorer.score();
  EXPECT_DOUBLE_EQ(score.cross_entropy, 9. / 6);
  EXPECT_DOUBLE_EQ(score.accuracy, 4. / 6) << "of questions, not the mean of 2/3, 1 and 0";
  EXPECT_DOUBLE_EQ(score.sequence_accuracy, 1. / 3);
  // Losses 6, 2, 1 of 3, 2, 1 questions: residuals 6 − 4.5, 2 − 3, 1 − 1.5; √(3/2·3.5)/6.
  EXPECT_DOUBLE_EQ(score.cross_entropy_error.value(), std::sqrt(1.5 * 3.5) / 6);
  // Right ones 2, 2, 0: residuals 0, 2/3, −2/3; √(3/2·8/9)/6.
  EXPECT_DOUBLE_EQ(score.accuracy_error.value(), std::sqrt(1.5 * 8 / 9) / 6);
  EXPECT_DOUBLE_EQ(score.accuracy_by_distance[0].value(), 2. / 3);
  EXPECT_DOUBLE_EQ(score.accuracy_by_distance[1].value(), 1);
  EXPECT_FALSE(score.accuracy_by_distance[2]) << "nothing was asked there";
  EXPECT_DOUBLE_EQ(score.accuracy_by_distance[3].value(), 0);
}

TEST(SequenceScore, OneSequenceHasNoError) {
  SequenceScorer scorer;
  scorer.add({0.5, 0.5}, {true, true}, {1, 3}, 5);
  EXPECT_EQ(scorer.score().sequence_accuracy, 1);
  EXPECT_FALSE(scorer.score().accuracy_error);
  EXPECT_FALSE(scorer.score().cross_entropy_error);
}

TEST(SequenceScore, DistancesAreSharesOfTheirOwnSequence) {
  // Odd lengths: of 63, a quarter is 15.75 tokens, of 5 it is 1.25.
  SequenceScorer scorer;
  scorer.add({0, 0}, {true, false}, {16, 17}, 63);
  scorer.add({0, 0, 0, 0}, {true, true, true, false}, {1, 2, 3, 4}, 5);
  const auto score = scorer.score();
  EXPECT_DOUBLE_EQ(score.accuracy_by_distance[0].value(), 1);  // 15 of 63, 0 and 1 of 5 lie between
  EXPECT_DOUBLE_EQ(score.accuracy_by_distance[1].value(), 0.5);
  EXPECT_DOUBLE_EQ(score.accuracy_by_distance[2].value(), 0);
}

}  // namespace
}  // namespace palimpsest
