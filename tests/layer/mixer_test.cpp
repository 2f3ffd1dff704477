#include "palimpsest/layer/mixer.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "layer/adjoint.hpp"
#include "reference/agree.hpp"
#include "reference/random.hpp"

namespace palimpsest {
namespace {

using M = Matrix<double>;

MixerOptions options(Index width, Index heads, Index taps, const std::string& rule,
                     const std::string& kernel = "identity", const std::string& normalization = "none") {
  MixerOptions made{width, heads, taps, "fast_weight", {}};
  made.options.key_dim = 3;
  made.options.kernel = kernel;
  made.options.rule = rule;
  made.options.normalization = normalization;
  return made;
}

TEST(Mixer, SumsByHand) {
  // D = 1, d = 1, q = 1·x, k = 2x, v = 3x, no convolution. Tokens 1, 2: y_1 = 3·2·1 = 6,  y_2 = (3·2·1 + 6·4) 2 = 60.
  // Alone in its head RMSNorm makes 1 of both (but for ε), times the gain ½; W_o = 10.
  MixerOptions one = options(1, 1, 0, "sum");
  one.options.key_dim = 1;
  Mixer<double> mixer("mixer", one);
  ASSERT_EQ(mixer.parameters().size(), 3U);
  mixer.parameters()[0]->value << 1, 2, 3;
  mixer.parameters()[1]->value << 0.5;
  mixer.parameters()[2]->value << 10;
  Mixer<double>::Kept kept;
  M Y(1, 2);
  mixer.forward({{0, 2}}, {}, (M(1, 2) << 1, 2).finished(), Y, &kept);
  EXPECT_EQ(M(kept.answers()), (M(1, 2) << 6, 60).finished());
  EXPECT_NEAR(Y(0), 5 * 6 / std::sqrt(36 + 1e-6), 1e-14);
  EXPECT_NEAR(Y(1), 5 * 60 / std::sqrt(3600 + 1e-6), 1e-14);
}

TEST(Mixer, AdjointIsTheCentralDifference) {
  const Layout layout{{0, 1, 6, 9}};
  for (const auto& made : {options(4, 2, 4, "gated_delta", "silu_l2"), options(5, 1, 3, "delta_product:2", "silu_l2"),
                           options(6, 3, 0, "sum", "elu", "attention")}) {
    Mixer<double> mixer("mixer", made);
    layer_test::disturb(mixer.parameters(), 111);
    Mixer<double>::Kept kept;
    layer_test::expect_adjoint(
        {made.width, made.width, [&](auto X, auto Y) { mixer.forward(layout, {}, X, Y, &kept); },
         [&](auto X, auto dY, auto dX) { mixer.backward(layout, {}, X, kept, dY, dX); }, mixer.parameters()},
        layout.columns(), 1e-6);
  }
}

TEST(Mixer, AnswersThoseThatAskAsIfAllDid) {
  const Layout layout{{0, 1, 6, 9, 11}};  // nobody asks in the first, the last token in the third, both in the fourth
  const std::vector<Index> asking{2, 3, 8, 9, 10};
  const Index N = layout.columns(), n = std::ssize(asking);
  for (const auto& memory : {"fast_weight", "softmax", "window:2"})
    for (auto made : {options(4, 2, 4, "gated_delta", "silu_l2"), options(5, 1, 3, "delta_product:2", "silu_l2"),
                      options(6, 3, 0, "sum", "elu", "attention")}) {
      made.memory = memory;
      Mixer<double> all("mixer", made);
      layer_test::disturb(all.parameters(), 141);
      Mixer<double> some = all;
      const Index D = made.width;
      const M X = reference::normal(D, N, 142), dY = reference::normal(D, n, 143);
      M Y_all(D, N), Y(D, n), dY_all = M::Zero(D, N), dX_all = M::Zero(D, N), dX = dX_all;
      dY_all(Eigen::all, asking) = dY;
      Mixer<double>::Kept kept_all, kept;
      all.forward(layout, {}, X, Y_all, &kept_all);
      some.forward(layout, asking, X, Y, &kept);
      EXPECT_LT((Y - Y_all(Eigen::all, asking)).norm(), 1e-12 * Y.norm());
      all.backward(layout, {}, X, kept_all, dY_all, dX_all);
      some.backward(layout, asking, X, kept, dY, dX);
      EXPECT_LT((dX - dX_all).norm(), 1e-12 * dX.norm());
      for (std::size_t i = 0; i < all.parameters().size(); ++i)
        EXPECT_LT((some.parameters()[i]->gradient - all.parameters()[i]->gradient).norm(),
                  1e-12 * (1 + all.parameters()[i]->gradient.norm()))
            << memory << " " << made.options.rule << " " << all.parameters()[i]->name;
    }
}

TEST(Mixer, PassesThatAreKeptMayGoBackInAnyOrder) {
  const Layout first{{0, 5, 7}}, second{{0, 3}};
  Mixer<double> mixer("mixer", options(4, 2, 4, "delta", "silu_l2"));
  layer_test::disturb(mixer.parameters(), 121);
  Mixer<double> other = mixer;
  const M X1 = reference::normal(4, 7, 131), X2 = reference::normal(4, 3, 132), dY1 = reference::normal(4, 7, 133),
          dY2 = reference::normal(4, 3, 134);
  M Y(4, 7), Y2(4, 3), unkept(4, 7), dX1 = M::Zero(4, 7), dX2 = M::Zero(4, 3), other_dX1 = dX1, other_dX2 = dX2;
  Mixer<double>::Kept one, two;
  mixer.forward(first, {}, X1, Y, &one);
  mixer.forward(second, {}, X2, Y2, &two);
  mixer.forward(first, {}, X1, unkept, nullptr);
  EXPECT_EQ(unkept, Y);
  mixer.backward(first, {}, X1, one, dY1, dX1);
  mixer.backward(second, {}, X2, two, dY2, dX2);

  other.forward(first, {}, X1, Y, &one);
  other.backward(first, {}, X1, one, dY1, other_dX1);
  other.forward(second, {}, X2, Y2, &one);  // in what was kept of more columns
  other.backward(second, {}, X2, one, dY2, other_dX2);
  EXPECT_EQ(dX1, other_dX1);
  EXPECT_EQ(dX2, other_dX2);
  for (std::size_t i = 0; i < mixer.parameters().size(); ++i)
    EXPECT_EQ(mixer.parameters()[i]->gradient, other.parameters()[i]->gradient) << mixer.parameters()[i]->name;
}

TEST(Mixer, GatesStartWhereTheRuleSays) {
  Mixer<double> mixer("mixer", options(4, 2, 0, "gated_delta"));
  const auto* bias = mixer.parameters()[1];
  ASSERT_EQ(bias->name, "mixer.projections.bias");
  const auto gates = TokenMemory<double>("fast_weight", options(4, 2, 0, "gated_delta").options).gates();
  ASSERT_EQ(bias->value.rows(), 2 * 2);
  for (Index head = 0; head < 2; ++head)
    for (Index i = 0; i < 2; ++i) EXPECT_EQ(bias->value(2 * head + i), gates[static_cast<std::size_t>(i)].start);
  EXPECT_EQ(bias->value.sum(), 12);  // α's at 6, β's at 0
}

TEST(Mixer, HeadsMustDivideTheWidth) {
  EXPECT_THROW(Mixer<float>("mixer", options(5, 2, 4, "sum")), ConfigurationError);
  EXPECT_THROW(Mixer<float>("mixer", options(5, 0, 4, "sum")), ConfigurationError);
  EXPECT_THROW(Mixer<float>("mixer", options(4, 2, -1, "sum")), ConfigurationError);
}

}  // namespace
}  // namespace palimpsest
