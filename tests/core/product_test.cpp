#include "palimpsest/core/product.hpp"

#include <gtest/gtest.h>

#include "reference/random.hpp"

namespace palimpsest {
namespace {

/// C + α A B, sum by sum.
Matrix<double> by_sums(const Matrix<double>& A, const Matrix<double>& B, const Matrix<double>& C, double alpha) {
  Matrix<double> result = C;
  for (Index i = 0; i < A.rows(); ++i)
    for (Index j = 0; j < B.cols(); ++j) {
      double sum = 0;
      for (Index k = 0; k < A.cols(); ++k) sum += A(i, k) * B(k, j);
      result(i, j) += alpha * sum;
    }
  return result;
}

/// What is multiplied, each in the middle of a larger matrix, as it is or as the transpose of what lies there.
template <class T>
class Lying {
 public:
  Lying(const Matrix<double>& content, bool transposed)
      : all_(Matrix<T>::Constant(content.rows() + content.cols() + 2, content.rows() + content.cols() + 2, T(7))),
        rows_(transposed ? content.cols() : content.rows()),
        cols_(transposed ? content.rows() : content.cols()),
        transposed_(transposed) {
    block() = (transposed ? Matrix<double>(content.transpose()) : content).template cast<T>();
  }

  template <class Entry>
  Window<Entry> window() {
    return transposed_ ? Window<Entry>(block().transpose()) : Window<Entry>(block());
  }

  Matrix<double> content() {
    const Matrix<double> lying = block().template cast<double>();
    return transposed_ ? Matrix<double>(lying.transpose()) : lying;
  }

  /// Whether all around it is as it was.
  bool is_alone() {
    block().setConstant(T(7));
    return (all_.array() == T(7)).all();
  }

 private:
  auto block() { return all_.block(1, 1, rows_, cols_); }

  Matrix<T> all_;
  Index rows_, cols_;
  bool transposed_;
};

/// Rounding of sums of as many products of numbers of size 1, a few times over.
template <class T>
double tolerance(Index terms) {
  return 8 * static_cast<double>(terms + 1) * static_cast<double>(Eigen::NumTraits<T>::epsilon());
}

template <class T>
void expect_products(Index m, Index k, Index n) {
  const Matrix<double> A = reference::normal(m, k, 1), B = reference::normal(k, n, 2), C = reference::normal(m, n, 3);
  for (int which = 0; which < 8; ++which) {
    SCOPED_TRACE(testing::Message() << m << "×" << k << "×" << n << ", transposed: " << which);
    Lying<T> a(A, which & 1), b(B, which & 2), added(C, which & 4), set(C, which & 4);
    add_product<T>(a.template window<const T>(), b.template window<const T>(), added.template window<T>(), T(-0.5));
    set_product<T>(a.template window<const T>(), b.template window<const T>(), set.template window<T>());
    EXPECT_LT((added.content() - by_sums(A, B, C, -0.5)).cwiseAbs().maxCoeff(), tolerance<T>(k));
    EXPECT_LT((set.content() - by_sums(A, B, 0 * C, 1)).cwiseAbs().maxCoeff(), tolerance<T>(k));
    EXPECT_TRUE(added.is_alone());
    EXPECT_TRUE(set.is_alone());
  }
}

// Small ones, vectors and large ones are multiplied in different ways.
TEST(Product, IsTheSumOverWhatIsMultipliedHoweverItLies) {
  for (const Index m : {1, 5, 63})
    for (const Index k : {1, 5, 63})
      for (const Index n : {1, 5, 63}) {
        expect_products<float>(m, k, n);
        expect_products<double>(m, k, n);
      }
}

TEST(Product, OfNothingIsZero) {
  Matrix<float> C = Matrix<float>::Ones(3, 5);
  add_product<float>(Matrix<float>(3, 0), Matrix<float>(0, 5), C);
  EXPECT_EQ(C, (Matrix<float>::Ones(3, 5)));
  set_product<float>(Matrix<float>(3, 0), Matrix<float>(0, 5), C);
  EXPECT_EQ(C, (Matrix<float>::Zero(3, 5)));
}

}  // namespace
}  // namespace palimpsest
