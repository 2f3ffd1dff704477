// What a kernel is: a feature map φ: R^d → R^p, as a linear lift followed by a map that treats each token alone.
//
//   name, summary, [argument]             see core/registry.hpp
//   traits                                what it says of itself: KernelTraits
//   feature_dim(d)                        p
//   rank(d)                               optional: dimension of the space that all φ(x) span, where that is less than p
//   rank_of_squares(d)                    optional: the same of φ(x)² entry by entry
//   refusal(d)                            optional: why it has no meaning for keys of size d; empty if it has
//   forward(x, phi)                       x: d×n (or the lifted d̃×n), phi: p×n
//   backward(x, phi, dphi, dx)            dx += (∂φ/∂x)ᵀ dphi; x and phi are what forward saw and made
//   operations(d)                         optional: how many it needs per token, the lift not counted (core/operations.hpp)
//
// A kernel of exponentials that leave the range of T also has, for normalisations that divide a token's scale out again,
//   forward_up_to_scale(x, phi)           forward, each token divided by a number that keeps its largest features near 1
//   backward_up_to_scale(x, phi, dphi, dx)  its adjoint, for phi·dphi = 0: how that number changes has then no part in it
//
// A kernel with a linear part (a random projection) also has
//   lifted_dim(d)                         d̃
//   lift(x, lifted)                       lifted = P x, P: d̃×d; forward and backward then work on lifted tokens.
//   lift_backward(dlifted, dx)            dx += Pᵀ dlifted
//   lift_operations(d)                    optional: of one token
// Keys are sums of two table entries, so a memory lifts the two tables once a step and never a single token.
//
// A kernel that can answer one query without forming features also has
//   contract(x, u, c)                     c_t = φ(x_t)·u;  u: p, c: n
//   contract_backward(x, u, dc, dx, du)   dx_t += dc_t (∂φ/∂x)ᵀ u,  du += Σ_t dc_t φ(x_t)
//
// A random kernel also has
//   draw(d, stream)                       new random features for keys of size d; before the first forward
//   draw_operations(d)                    optional
//
// A learnt kernel, one that lifts by A x and adds an offset to lifted tokens, also has
//   start(d)                              parameters as they start, for keys of size d; before the first forward
//   parameters()                          they, with their gradients
//   lift_learn(x, dlifted)                dA += dlifted xᵀ; x: a table, dlifted: by its lifted entries
//   learn(dlifted)                        the offset's gradient += Σ_t dlifted_t; dlifted: by whole lifted tokens
#pragma once

#include <fmt/format.h>

#include <concepts>
#include <string_view>
#include <vector>

#include "palimpsest/core/operations.hpp"
#include "palimpsest/core/parameter.hpp"
#include "palimpsest/core/random.hpp"
#include "palimpsest/core/types.hpp"

namespace palimpsest {

/// What a kernel says of itself. A new one is written `static constexpr KernelTraits traits{.nonnegative = true};`.
struct KernelTraits {
  bool nonnegative = false;        ///< every φ(x)_i ≥ 0 for every x
  bool positive_products = false;  ///< φ(x)·φ(y) > 0 even where single features are negative
  bool forgets_features = false;   ///< backward doesn't look at phi, so that a normalisation may overwrite it
  bool factors = false;  ///< φ(x + y) = √p e^{−x·y} φ(x) ⊙ φ(y), x and y the first d rows of lifted tokens: one
                         ///< query is then answered from the features of the tables' entries
};

template <class K, class T>
concept Kernel = requires(const K kernel, Index d, ConstMatrixView<T> in, MatrixView<T> out) {
  { K::name } -> std::convertible_to<std::string_view>;
  { K::summary } -> std::convertible_to<std::string_view>;
  { K::traits } -> std::same_as<const KernelTraits&>;
  { kernel.feature_dim(d) } -> std::same_as<Index>;
  kernel.forward(in, out);
  kernel.backward(in, in, in, out);
};

template <class K, class T>
concept LiftingKernel = Kernel<K, T> && requires(const K kernel, Index d, ConstMatrixView<T> in, MatrixView<T> out) {
  { kernel.lifted_dim(d) } -> std::same_as<Index>;
  kernel.lift(in, out);
  kernel.lift_backward(in, out);
};

template <class K, class T>
concept ContractingKernel = Kernel<K, T> &&
    requires(const K kernel, ConstMatrixView<T> x, ConstVectorView<T> in, MatrixView<T> dx, VectorView<T> out) {
  kernel.contract(x, in, out);
  kernel.contract_backward(x, in, in, dx, out);
};

template <class K, class T>
concept RandomKernel = Kernel<K, T> && requires(K kernel, Index d, Stream& stream) {
  kernel.draw(d, stream);
};

template <class K, class T>
concept ScalableKernel = Kernel<K, T> && requires(const K kernel, ConstMatrixView<T> in, MatrixView<T> out) {
  kernel.forward_up_to_scale(in, out);
  kernel.backward_up_to_scale(in, in, in, out);
};

template <class K, class T>
concept LearntKernel = LiftingKernel<K, T> && requires(K kernel, Index d, ConstMatrixView<T> in) {
  kernel.start(d);
  { kernel.parameters() } -> std::same_as<std::vector<Parameter<T>*>>;
  kernel.lift_learn(in, in);
  kernel.learn(in);
};

/// Rows of a token that `forward` reads: d̃ for a kernel that lifts, else d.
template <class T, Kernel<T> K>
Index lifted_dim(const K& kernel, Index d) {
  if constexpr (LiftingKernel<K, T>) return kernel.lifted_dim(d);
  return d;
}

template <class T, Kernel<T> K>
Index rank(const K& kernel, Index d) {
  if constexpr (requires { kernel.rank(d); }) return kernel.rank(d);
  return kernel.feature_dim(d);
}

template <class T, Kernel<T> K>
Index rank_of_squares(const K& kernel, Index d) {
  if constexpr (requires { kernel.rank_of_squares(d); }) return kernel.rank_of_squares(d);
  return kernel.feature_dim(d);
}

/// Of one token, its lift not counted. A kernel that doesn't say has one operation per feature, and a multiply-add in
/// its adjoint.
template <class T, Kernel<T> K>
Operations operations(const K& kernel, Index d) {
  const auto p = static_cast<double>(kernel.feature_dim(d));
  if constexpr (requires { kernel.operations(d); }) return kernel.operations(d);
  return {p, 2 * p};
}

/// Of one token's lift. A kernel that doesn't say multiplies by a dense d̃×d matrix. One that is learnt needs as many
/// again for the gradient of that.
template <class T, Kernel<T> K>
Operations lift_operations(const K& kernel, Index d) {
  if constexpr (LiftingKernel<K, T>) {
    double once = 2 * static_cast<double>(d) * static_cast<double>(kernel.lifted_dim(d));
    if constexpr (requires { kernel.lift_operations(d); }) once = kernel.lift_operations(d);
    return {once, LearntKernel<K, T> ? 2 * once : once};
  }
  return {};
}

/// The tokens that `forward` reads, x: d×n → d̃×n.
template <class T, Kernel<T> K>
Matrix<T> lifted(const K& kernel, const Matrix<T>& x) {
  if constexpr (LiftingKernel<K, T>) {
    Matrix<T> out(kernel.lifted_dim(x.rows()), x.cols());
    if (x.cols() > 0) kernel.lift(x, out);
    return out;
  }
  return x;
}

/// φ of whole keys, x: d×n → p×n; the plain definition, for tests and one-off use.
template <class T, Kernel<T> K>
Matrix<T> features(const K& kernel, const Matrix<T>& x) {
  Matrix<T> phi(kernel.feature_dim(x.rows()), x.cols());
  kernel.forward(lifted<T>(kernel, x), phi);
  return phi;
}

}  // namespace palimpsest
