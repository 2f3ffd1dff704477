// Sizes, dense types and the two kinds of error that every other header uses.
//
// One convention everywhere: a token is a column. Keys before the feature map are d×L, features p×L, queries p×N,
// retrieval coefficients L×N, outputs S×N.
#pragma once

#if defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__
#error "palimpsest must not be built with -ffast-math: NaN and infinity are how divergence is seen"
#endif

#include <Eigen/Dense>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

namespace palimpsest {

using Index = Eigen::Index;

template <class T>
using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic>;
template <class T>
using Vector = Eigen::Matrix<T, Eigen::Dynamic, 1>;

/// A writable or read-only window on somebody's matrix: contiguous columns, any distance between them.
template <class T>
using MatrixView = Eigen::Ref<Matrix<T>, 0, Eigen::OuterStride<>>;
template <class T>
using ConstMatrixView = Eigen::Ref<const Matrix<T>, 0, Eigen::OuterStride<>>;
template <class T>
using VectorView = Eigen::Ref<Vector<T>>;
template <class T>
using ConstVectorView = Eigen::Ref<const Vector<T>>;

/// Column t of a view, for loops over tokens, in which making an Eigen block a token would cost as much as its work.
template <class View>
auto* column(View&& view, Index t) {
  return view.data() + t * view.outerStride();
}

/// The same as an Eigen vector.
template <class View>
auto token(View&& view, Index t) {
  using Entry = std::remove_pointer_t<decltype(column(view, t))>;
  using Plain = Vector<std::remove_const_t<Entry>>;
  return Eigen::Map<std::conditional_t<std::is_const_v<Entry>, const Plain, Plain>>(column(view, t), view.rows());
}

inline bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

/// What a user asked for cannot be done; the message, of one line, names the value and what is allowed. Control
/// characters, which the value may hold, become blanks.
class ConfigurationError : public std::runtime_error {
 public:
  explicit ConfigurationError(std::string message) : std::runtime_error(in_one_line(std::move(message))) {}

 private:
  static std::string in_one_line(std::string text) {
    for (char& c : text)
      if (is_control(c)) c = ' ';
    return text;
  }
};

}  // namespace palimpsest
