#include <gtest/gtest.h>

#include <cmath>

#include "engine/recurrence.hpp"
#include "reference/agree.hpp"

namespace palimpsest::engine {
namespace {

using reference::agree;
using M = Matrix<double>;

// By hand. Two features, values of one number:
//   k_1 = (1, 0), v_1 = 2; k_2 = (1, 1), v_2 = 4; w = 1, D = ½, e = ½. W_1 = (2, 0). The second write finds W_1 k_2 =
//   2:
//   W_2 = ½ W_1 − ½·½·2 (1, 1) + 4 (1, 1) = (1, 0) − (½, ½) + (4, 4) = (4½, 3½).
// q = (1, 0) has y = 2 after one write and 4½ after two: c_2 = k_2·q = 1, and u = ½ (q − ½ (1, 1)) = (¼, −¼) finds
// c_1 = k_1·u = ¼ of 2. With dy = 1 for the later: dw = (c_1 v_1, c_2 v_2) = (½, 4), de_2 = −½·2·1 = −1,
// d log D_2 = what is left of W_1 = ½, dq = W_2.
TEST(ChunkEngineByHand, TwoWritesOfAGatedDeltaRule) {
  Factors<double> f;
  f.structure = {Decay::scalar, Erase::along};
  f.K.resize(2, 2);
  f.K << 1, 1, 0, 1;
  f.w = Vector<double>::Ones(2);
  f.log_decay = M::Constant(1, 2, std::log(0.5));
  f.erase = Vector<double>::Constant(2, 0.5);
  Problem x{f, M(1, 2), M(2, 2), M(1, 2), {2, 1}};
  x.V << 2, 4;
  x.Q << 1, 1, 0, 0;
  x.dY << 1, 0;
  for (const Index chunk : {1, 2})
    for (const Answers& actual : {by_queries<double>(x, chunk), by_state<double>(x, chunk), by_recurrence(x)}) {
      const Factors<double>& d = actual.gradients.factors;
      // exp(log ½) may be off by a rounding.
      EXPECT_TRUE(agree(actual.Y, Eigen::RowVector2d(4.5, 2), 1e-15));
      EXPECT_TRUE(agree(d.w, Eigen::Vector2d(0.5, 4), 1e-15));
      EXPECT_TRUE(agree(d.erase, Eigen::Vector2d(0, -1), 1e-15));
      EXPECT_TRUE(agree(d.log_decay, Eigen::RowVector2d(0, 0.5), 1e-15));
      EXPECT_TRUE(agree(actual.gradients.Q.col(0), Eigen::Vector2d(4.5, 3.5), 1e-15));
      EXPECT_TRUE(agree(actual.gradients.V, Eigen::RowVector2d(0.25, 1), 1e-15));
    }
}

TEST(ChunkEngineByHand, AnswersNothingToNobody) {
  const Problem x = problem({{Decay::diagonal, Erase::free}, 5, 7, 0});
  for (const auto side : {by_queries<double>, by_state<double>}) {
    const Answers nothing = side(x, 4);
    EXPECT_EQ(nothing.Y.cols(), 0);
    EXPECT_EQ(all(nothing.gradients).cwiseAbs().sum(), 0);
  }
}

TEST(FactorsOfWrites, FitTheirStructure) {
  for (const Structure structure : structures()) {
    Factors<double> factors = problem({structure, 5, 7, 1}).factors;
    EXPECT_TRUE(fits(factors));
    EXPECT_TRUE(fits(zero_like(factors)));
    EXPECT_EQ(zero_like(factors).structure, structure);
    factors.w.resize(6);
    EXPECT_FALSE(fits(factors));
  }
}

}  // namespace
}  // namespace palimpsest::engine
