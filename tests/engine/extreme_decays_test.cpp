// Decays that forget all but the last write, and that remember for longer than the episode.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "engine/recurrence.hpp"
#include "reference/agree.hpp"

namespace palimpsest::engine {
namespace {

using reference::agree;
using M = Matrix<double>;

class ExtremeDecays : public testing::TestWithParam<Structure> {
 protected:
  /// 10⁴ writes; decays of 1e-6 and 1 − 1e-7 alone or, a few of the first, among the others.
  static std::vector<Problem> problems(Structure structure) {
    const Index L = 10000;
    std::vector<Problem> all;
    for (int kind = 0; kind < 3; ++kind) {
      Problem x = problem({structure, 5, L, 9, 2}, {L, 0, 1, 2, 100, 5000, 9999, 64, 65});
      for (Index t = 0; t < L; ++t)
        for (Index i = 0; i < x.factors.log_decay.rows(); ++i) {
          const bool forgets = kind == 0 || (kind == 2 && (7 * t + 13 * i) % 61 < 2);
          x.factors.log_decay(i, t) = forgets ? std::log(1e-6) : std::log1p(-1e-7);
        }
      all.push_back(std::move(x));
    }
    return all;
  }
};

std::vector<Structure> decaying() {
  std::vector<Structure> all = structures();
  std::erase_if(all, [](Structure structure) { return !structure.decays(); });
  return all;
}

INSTANTIATE_TEST_SUITE_P(Structures, ExtremeDecays, testing::ValuesIn(decaying()), test_name);

TEST_P(ExtremeDecays, AreRightOverTenThousandWrites) {
  for (const Problem& x : problems(GetParam())) {
    const Answers expected = by_recurrence(x);
    const Vector<double> gradients = all(expected.gradients);
    for (const Answers& actual : {by_queries<double>(x), by_state<double>(x)}) {
      EXPECT_TRUE(agree(actual.Y, expected.Y, kInDouble));
      EXPECT_TRUE(agree(all(actual.gradients), gradients, kInDouble));
    }
    // Rounding of 6e-8 at each of 10⁴ writes, at worst in one direction: 6e-4.
    for (const Answers& actual : {by_queries<float>(x), by_state<float>(x)}) {
      EXPECT_TRUE(agree(actual.Y, expected.Y, 1e-3));
      EXPECT_TRUE(agree(all(actual.gradients), gradients, 1e-3));
    }
  }
}

TEST_P(ExtremeDecays, OfMinusInfinityForgetEverything) {
  const double least = -std::numeric_limits<double>::infinity();
  Problem x = problem({GetParam(), 5, 70, 67}, positions(70, 67)[2]);
  for (const Index t : {0, 3, 4, 5, 17, 40, 41, 42, 63, 64}) x.factors.log_decay.col(t).setConstant(least);
  Problem finite = x;
  finite.factors.log_decay = x.factors.log_decay.cwiseMax(-700);
  const Answers expected = by_recurrence(finite);
  for (const Index chunk : {Index(4), kChunk})
    for (const Answers& actual : {by_queries<double>(x, chunk), by_state<double>(x, chunk)}) {
      EXPECT_TRUE(agree(actual.Y, expected.Y, kInDouble));
      EXPECT_TRUE(agree(all(actual.gradients), all(expected.gradients), kInDouble));
    }
  for (const Answers& actual : {by_queries<float>(x), by_state<float>(x)}) {
    EXPECT_TRUE(agree(actual.Y, expected.Y, 1e-5));  // as above
    EXPECT_TRUE(agree(all(actual.gradients), all(expected.gradients), 3e-5));
  }
}

TEST_P(ExtremeDecays, KeepTheDigitsOfWhatIsAlmostForgotten) {
  const Index L = 6;
  Problem x = problem({GetParam(), 1, L, 1, 1});
  x.factors.K.setOnes(), x.factors.w.setOnes(), x.Q.setOnes();
  x.factors.log_decay.setConstant(std::log(1e-6));
  x.factors.erase.setZero(), x.factors.A.setZero();
  for (const Index chunk : {Index(4), kChunk}) {
    QuerySide<double> side;
    QuerySide<double>::Kept kept;
    M C(L, 1);
    side.coefficients(x.factors, x.Q, {}, C, kept, chunk);
    // c_t = 1e-6^(L − 1 − t); the exponential of 30 times a rounded logarithm of 14 is good to some 1e-14.
    for (Index t = 0; t < L; ++t) EXPECT_NEAR(C(t, 0) / std::pow(1e-6, L - 1 - t), 1, 1e-13);
  }
}

}  // namespace
}  // namespace palimpsest::engine
