#include "palimpsest/train/clip.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace palimpsest {
namespace {

using M = Matrix<double>;

struct Two {
  Parameter<double> a{"a", 1, 2}, b{"b", 1, 1};
  Two() { a.gradient << 2, -4, b.gradient << 4; }  // √(4 + 16 + 16) = 6 together
  double clip(double largest) { return clip_gradients<double>({&a, &b}, largest); }
};

TEST(ClipGradients, ScalesAllOfThemTogether) {
  Two two;
  EXPECT_EQ(two.clip(3), 6);
  EXPECT_EQ(two.a.gradient, (M(1, 2) << 1, -2).finished());
  EXPECT_EQ(two.b.gradient(0), 2);
}

TEST(ClipGradients, LeavesShortOnesAsTheyAre) {
  Two two;
  EXPECT_EQ(two.clip(6), 6);
  EXPECT_EQ(two.a.gradient, (M(1, 2) << 2, -4).finished());
}

TEST(ClipGradients, SquaresDontOverflow) {
  Parameter<float> x("x", 1, 1);
  x.gradient(0) = 1e30F;
  EXPECT_EQ(clip_gradients<float>({&x}, 1), static_cast<double>(1e30F));
  EXPECT_FLOAT_EQ(x.gradient(0), 1);
}

TEST(ClipGradients, LeavesWhatIsNotFiniteToBeFound) {
  Two two;
  two.b.gradient(0) = std::numeric_limits<double>::infinity();
  EXPECT_EQ(two.clip(3), two.b.gradient(0));
  EXPECT_EQ(two.a.gradient, (M(1, 2) << 2, -4).finished());
}

}  // namespace
}  // namespace palimpsest
