#include "palimpsest/layer/short_convolution.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "layer/adjoint.hpp"
#include "reference/agree.hpp"
#include "reference/random.hpp"

namespace palimpsest {
namespace {

using M = Matrix<double>;

TEST(ShortConvolution, LooksBackInItsOwnSequence) {
  // Taps 1, 10, 100 on one channel: 1 2 3 4 and, behind it, 5 6.
  ShortConvolution<double> convolution("w", 1, 3);
  convolution.parameters()[0]->value << 1, 10, 100;
  const M X = (M(1, 6) << 1, 2, 3, 4, 5, 6).finished();
  M Y(1, 6);
  convolution.forward({{0, 4, 6}}, X, Y);
  EXPECT_EQ(Y, (M(1, 6) << 1, 12, 123, 234, 5, 56).finished());
}

TEST(ShortConvolution, KeepsChannelsApart) {
  ShortConvolution<double> convolution("w", 2, 2);
  convolution.parameters()[0]->value << 1, 2, 0, -1;
  M Y(2, 2);
  convolution.forward({{0, 2}}, (M(2, 2) << 1, 3, 10, 30).finished(), Y);
  EXPECT_EQ(Y, (M(2, 2) << 1, 5, 0, -10).finished());
}

TEST(ShortConvolution, StartsUniformByItsTaps) {
  ShortConvolution<double> convolution("w", 501, 4);
  Stream stream(1, Purpose::test, 0);
  convolution.start(stream);
  const M& w = convolution.parameters()[0]->value;
  EXPECT_LT(w.maxCoeff(), 0.5);
  EXPECT_GT(w.minCoeff(), -0.5);
  EXPECT_NEAR(w.array().square().mean(), 1.0 / 12, 0.01);  // of U(±½); the standard error of 2004 entries is 0.0017
}

TEST(ShortConvolution, IsTheProductWithABandMatrix) {
  const Index channels = 63;
  const Layout layout{{0, 1, 6, 6, 15}};  // one of them is empty
  ShortConvolution<double> convolution("w", channels, 4);
  layer_test::disturb(convolution.parameters(), 61);
  const M X = reference::normal(channels, layout.columns(), 65), &w = convolution.parameters()[0]->value;
  M expected = M::Zero(channels, layout.columns());
  for (Index c = 0; c < channels; ++c)
    for (Index i = 0; i < layout.sequences(); ++i) {
      M band = M::Zero(layout.length(i), layout.length(i));
      for (Index s = 0; s < band.rows(); ++s)
        for (Index t = s; t < std::min(band.cols(), s + 4); ++t) band(s, t) = w(c, t - s);
      expected.row(c).segment(layout.start(i), layout.length(i)) =
          X.row(c).segment(layout.start(i), layout.length(i)) * band;
    }
  M Y(channels, layout.columns());
  convolution.forward(layout, X, Y);
  EXPECT_TRUE(reference::agree(Y, expected, 1e-15));  // the order of four terms
}

TEST(ShortConvolution, AdjointIsTheCentralDifference) {
  const std::vector<Layout> layouts{{{0, 1}}, {{0, 2, 9, 10}}, {{0, 3, 3, 4}}};
  for (const Layout& layout : layouts)
    for (const auto& [channels, taps] : {std::array<Index, 2>{1, 2}, {5, 4}, {63, 3}, {35, 7}}) {
      ShortConvolution<double> convolution("w", channels, taps);
      layer_test::disturb(convolution.parameters(), 71);
      layer_test::expect_adjoint(
          {channels, channels, [&](auto X, auto Y) { convolution.forward(layout, X, Y); },
           [&](auto X, auto dY, auto dX) { convolution.backward(layout, X, dY, dX); }, convolution.parameters()},
          layout.columns());
    }
}

}  // namespace
}  // namespace palimpsest
