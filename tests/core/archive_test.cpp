#include "palimpsest/core/archive.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace palimpsest {
namespace {

struct Inner {
  Index step = 0;
  double loss = 0;

  template <class Archive>
  void state(Archive& archive) {
    archive(step, loss);
  }
  bool operator==(const Inner&) const = default;
};

struct Everything {
  bool flag = false;
  Index count = 0;
  float small = 0;
  double real = 0;
  std::optional<double> some, none = 1.0;
  Matrix<float> matrix, empty, narrow;
  std::vector<Matrix<double>> matrices;
  std::vector<Inner> inner;

  template <class Archive>
  void state(Archive& archive) {
    archive(flag, count, small, real, some, none, matrix, empty, narrow, matrices, inner);
  }
};

Everything filled() {
  Everything e;
  e.flag = true;
  e.count = -7;
  e.small = 1.0f / 3;
  e.real = std::numeric_limits<double>::denorm_min();
  e.some = -0.0;
  e.none.reset();
  e.matrix = Matrix<float>::Random(3, 5);
  e.narrow.resize(4, 0);
  e.matrices = {Matrix<double>::Random(1, 1), Matrix<double>(), Matrix<double>::Random(63, 2)};
  e.inner = {{1, 0.5}, {200, std::numeric_limits<double>::infinity()}};
  return e;
}

std::string written(auto& value) {
  Archive archive;
  archive(value);
  return archive.take();
}

TEST(Archive, ReadsWhatItWrote) {
  Everything there = filled(), back;
  const auto bytes = written(there);
  Archive archive(bytes);
  archive(back);
  archive.finish();
  EXPECT_TRUE(back.flag);
  EXPECT_EQ(back.count, -7);
  EXPECT_EQ(back.small, there.small);
  EXPECT_EQ(back.real, there.real);
  ASSERT_TRUE(back.some);
  EXPECT_TRUE(std::signbit(*back.some));
  EXPECT_FALSE(back.none);
  EXPECT_EQ(back.matrix, there.matrix);
  EXPECT_EQ(back.empty.size(), 0);
  EXPECT_EQ(back.narrow.rows(), 4);
  ASSERT_EQ(back.matrices.size(), 3u);
  EXPECT_EQ(back.matrices[2], there.matrices[2]);
  EXPECT_EQ(back.inner, there.inner);
}

TEST(Archive, BytesAreThoseInMemory) {
  Index count = 0x0102;
  bool flag = true;
  Archive archive;
  archive(count, flag);
  EXPECT_EQ(archive.take(), std::string("\x02\x01\0\0\0\0\0\0\x01", 9));
}

TEST(Archive, BytesThatEndAnywhereAreRefused) {
  Everything there = filled();
  const auto bytes = written(there);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto part = bytes.substr(0, size);
    Archive archive(part);
    Everything back;
    EXPECT_THROW(archive(back), std::runtime_error) << size << " bytes";
  }
}

TEST(Archive, BytesLeftOverAreRefused) {
  Index count = 1;
  const auto bytes = written(count) + "x";
  Archive archive(bytes);
  archive(count);
  EXPECT_THROW(archive.finish(), std::runtime_error);
}

TEST(Archive, AMatrixKeepsItsShape) {
  Matrix<float> three(3, 1), two(2, 1);
  three.setZero();
  const auto bytes = written(three);
  Archive archive(bytes);
  EXPECT_THROW(archive(two), std::runtime_error);
}

TEST(Archive, AbsurdSizesAreRefusedBeforeTheyAreAllocated) {
  Index rows = Index{1} << 40, cols = Index{1} << 40;
  const auto bytes = written(rows) + written(cols) + "1234";
  {
    Archive archive(bytes);
    Matrix<float> matrix;
    EXPECT_THROW(archive(matrix), std::runtime_error);
  }
  Archive archive(bytes);
  std::vector<Inner> values;
  EXPECT_THROW(archive(values), std::runtime_error);
}

}  // namespace
}  // namespace palimpsest
