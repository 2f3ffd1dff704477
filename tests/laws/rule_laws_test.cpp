#include <gtest/gtest.h>

#include "laws/components.hpp"
#include "palimpsest/rule/all.hpp"
#include "reference/agree.hpp"
#include "reference/dense.hpp"
#include "reference/random.hpp"

namespace palimpsest {
namespace {

using reference::agree;
using reference::PoisonedWindow;
using M = Matrix<double>;

struct Size {
  Index p, L, N;
};
constexpr Size kSizes[] = {{1, 1, 1}, {5, 1, 3}, {5, 7, 1}, {5, 7, 4}, {63, 5, 1}, {3, 63, 2}};

template <class R>
class RuleLaws : public testing::Test {
 protected:
  static M coefficients(const M& K, const M& Q) {
    PoisonedWindow<double> C(K.cols(), Q.cols());
    R().coefficients(K, Q, C.view());
    EXPECT_TRUE(C.in_bounds());
    return C.value();
  }

  template <class F>
  static void for_all(F&& f) {
    for (const auto& [p, L, N] : kSizes) {
      SCOPED_TRACE(fmt::format("p = {}, L = {}, N = {}", p, L, N));
      f(M(0.4 * reference::normal(p, L, 30)), reference::normal(p, N, 31));
    }
  }
};

TYPED_TEST_SUITE(RuleLaws, laws::TestTypes<Rules<double>>, laws::ByName);

TYPED_TEST(RuleLaws, MeetsTheConcept) { static_assert(Rule<TypeParam, double>); }

TYPED_TEST(RuleLaws, TheQuerySideIsTheStateSide) {
  this->for_all([&](const M& K, const M& Q) {
    const M V = reference::normal(4, K.cols(), 32);
    reference::State<double> state(TypeParam::name, "none", V.rows(), K.rows());
    for (Index t = 0; t < K.cols(); ++t) {
      state.write(K.col(t), V.col(t));
      // A query after write t sees the first t + 1 writes.
      const M C = this->coefficients(K.leftCols(t + 1), Q);
      M Y(V.rows(), Q.cols());
      for (Index n = 0; n < Q.cols(); ++n) Y.col(n) = state.read(Q.col(n));
      EXPECT_TRUE(agree(V.leftCols(t + 1) * C, Y, 1e-12));  // rounding of L·p terms
    }
  });
}

TYPED_TEST(RuleLaws, OneQueryIsAnsweredAsAmongMany) {
  this->for_all([&](const M& K, const M& Q) {
    const M together = this->coefficients(K, Q);
    for (Index n = 0; n < Q.cols(); ++n) EXPECT_TRUE(agree(this->coefficients(K, Q.col(n)), together.col(n), 1e-13));
  });
}

TYPED_TEST(RuleLaws, BackwardIsTheGradient) {
  this->for_all([&](M K, M Q) {
    const M weights = reference::normal(K.cols(), Q.cols(), 33), C = this->coefficients(K, Q);
    const M dQ_before = reference::normal(Q.rows(), Q.cols(), 34);
    PoisonedWindow<double> dK(K.rows(), K.cols()), dQ(Q.rows(), Q.cols());
    dQ.view() = dQ_before;
    TypeParam().backward(K, Q, C, weights, dK.view(), dQ.view());
    EXPECT_TRUE(dK.in_bounds() && dQ.in_bounds());
    const auto f = [&] {
      M now(K.cols(), Q.cols());
      TypeParam().coefficients(K, Q, now);
      return now.cwiseProduct(weights).sum();
    };
    // Rounding of a sum of L·N terms over h.
    EXPECT_TRUE(agree(dK.value(), reference::central_differences(f, K), 1e-8));
    EXPECT_TRUE(agree(dQ.value() - dQ_before, reference::central_differences(f, Q), 1e-8));
  });
}

TYPED_TEST(RuleLaws, ASeparableRuleMayBeAppliedByBlocks) {
  if constexpr (TypeParam::separable) {
    this->for_all([&](const M& K, const M& Q) {
      const M dC = reference::normal(K.cols(), Q.cols(), 35), C = this->coefficients(K, Q);
      M dK(K.rows(), K.cols()), dQ = M::Zero(Q.rows(), Q.cols());
      TypeParam().backward(K, Q, C, dC, dK, dQ);
      M C_blocks(C.rows(), C.cols()), dK_blocks(K.rows(), K.cols()), dQ_blocks = M::Zero(Q.rows(), Q.cols());
      for (Index first = 0; first < K.cols(); first += 2) {
        const Index count = std::min<Index>(2, K.cols() - first);
        TypeParam().coefficients(K.middleCols(first, count), Q, C_blocks.middleRows(first, count));
        TypeParam().backward(K.middleCols(first, count), Q, C.middleRows(first, count), dC.middleRows(first, count),
                             dK_blocks.middleCols(first, count), dQ_blocks);
      }
      // The order of sums changes, nothing else.
      EXPECT_TRUE(agree(C_blocks, C, 1e-13));
      EXPECT_TRUE(agree(dK_blocks, dK, 1e-13));
      EXPECT_TRUE(agree(dQ_blocks, dQ, 1e-13));
    });
  }
}

}  // namespace
}  // namespace palimpsest
