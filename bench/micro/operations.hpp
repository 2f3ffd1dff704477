// How many operations (FLOP) the parts of a training step need, counted from their formulas: +, −, ×, ÷, √, comparison,
// min and max are one each, an exponential is 25 (Eigen's: range reduction, a polynomial of degree 7, scaling), and so
// are a sine and a cosine. Copies, gathers, random numbers and what is computed twice count nothing.
//
// S keys, L writes, N queries, d: size of a key, d̃: after a lift, p: features.
#pragma once

#include "palimpsest/kernel/all.hpp"
#include "palimpsest/model/all.hpp"

namespace palimpsest::micro {

inline constexpr Index kExponential = 25;

/// Of one token.
struct KernelOperations {
  Index forward;
  Index backward;
  Index lift = 0;  ///< its adjoint needs as many
};

/// A kernel not listed below: one operation a feature forward, a multiply-add backward, and a dense d̃×d product for a
/// lift. One more overload says what a new kernel really needs.
template <class K>
KernelOperations operations(const K& kernel, Index d) {
  const Index p = kernel.feature_dim(d);
  return {p, 2 * p, LiftingKernel<K, float> ? 2 * d * lifted_dim<float>(kernel, d) : 0};
}

template <class T>
KernelOperations operations(const Identity<T>&, Index d) {
  return {d, d};  // a copy, which would be none
}

template <class T>
KernelOperations operations(const Elu<T>&, Index d) {
  return {d * (kExponential + 3), 3 * d};
}

template <class T>
KernelOperations operations(const Relu<T>&, Index d) {
  return {d, 3 * d};
}

template <class T>
KernelOperations operations(const Relu2<T>&, Index d) {
  return {2 * d, 4 * d};
}

template <class T>
KernelOperations operations(const Dpfp<T>& kernel, Index d) {
  const Index p = kernel.feature_dim(d);
  return {2 * d + p, 6 * d + 4 * p};
}

template <class T, bool two_sided>
KernelOperations operations(const RandomExponential<T, two_sided>& kernel, Index d) {
  const Index p = kernel.feature_dim(d);
  return {2 * d + p * (kExponential + 2), 2 * d + 4 * p, d + 2 * d * kernel.m};
}

template <class T>
KernelOperations operations(const RandomFourier<T>& kernel, Index d) {
  const Index p = kernel.feature_dim(d);
  return {2 * d + p * (kExponential + 1), 2 * d + 4 * p, d + 2 * d * kernel.m};
}

template <class T>
KernelOperations operations(const Taylor<T>& kernel, Index d) {
  const Index pairs = kernel.feature_dim(d) - 1 - d;
  return {d + 2 * pairs, 2 * d + 6 * pairs};
}

template <class T>
KernelOperations operations(const L2<T>&, Index d) {
  return {3 * d, 8 * d};
}

template <class T>
KernelOperations operations(const SiluL2<T>&, Index d) {
  return {d * (kExponential + 5), d * (kExponential + 16)};
}

template <class T>
KernelOperations operations(const SoftmaxFeature<T>&, Index d) {
  return {d * (kExponential + 4), 5 * d};
}

/// One episode of a memory.
struct EpisodeOperations {
  Index read;
  Index backward;
};

/// Of a fast weight memory with the sum rule and attention normalisation, whose keys depend on the values: features of
/// L keys, C = KᵀQ, c/(Σc + ε), Y = V C; and dK = Q dCᵀ (of a single query an outer product), dQ = K dC, the features'
/// adjoint and the sums of key gradients.
template <class K>
EpisodeOperations fast_weight_episode(const K& kernel, Index d, Index L, Index N) {
  const Index p = kernel.feature_dim(d), lifted = lifted_dim<float>(kernel, d);
  const auto token = operations(kernel, d);
  return {L * (lifted + token.forward) + 2 * L * p * N + 3 * L * N,
          L * (2 * lifted + token.backward) + (N == 1 ? 3 : 4) * L * p * N + 4 * L * N};
}

/// Of the same memory if keys don't depend on the values: C is looked up in one product for all episodes.
inline EpisodeOperations looked_up_episode(Index L, Index N) { return {3 * L * N, 5 * L * N}; }

/// Of softmax attention, its logits looked up in two tables: subtract the maximum, exponential, normalise, Y = V C.
inline EpisodeOperations softmax_episode(Index L, Index N) { return {(kExponential + 6) * L * N, 6 * L * N}; }

/// What a step needs beside its episodes, with B queries: lifts of the tables, features of the queries, their adjoints;
/// and if keys don't depend on the values, features of the S keys, C = KᵀQ of all and its two adjoint products.
template <class K>
Index fast_weight_step(const K& kernel, Index d, Index S, Index B, bool keys_depend_on_values) {
  const auto token = operations(kernel, d);
  const Index tokens = keys_depend_on_values ? B : S + B;
  const Index lifts = 2 * token.lift * (keys_depend_on_values ? 2 * S + B : S + B);
  return lifts + tokens * (token.forward + token.backward) +
         (keys_depend_on_values ? 0 : 6 * S * kernel.feature_dim(d) * B);
}

/// The same of softmax attention: logits, and their adjoint by the keys and by the queries, for one table or two.
inline Index softmax_step(Index d, Index S, Index B, bool keys_depend_on_values) {
  return (keys_depend_on_values ? 2 : 1) * 6 * d * S * B;
}

/// B episodes of L writes by the delta rule with `sum` normalisation and one query each, with their adjoints. A write and
/// feature costs 2 to normalise and 3 back; k·u and u − e s k, 2 each; and back k·g, two terms of dk, and g + ds k, 8.
template <class K>
Index delta_step(const K& kernel, Index d, Index L, Index B) {
  const Index p = kernel.feature_dim(d), lifted = lifted_dim<float>(kernel, d);
  const auto token = operations(kernel, d);
  return B * L * (3 * lifted + token.forward + token.backward + 17 * p) + B * (token.forward + token.backward);
}

/// Encode and backward of a model: three products of the size of W_e E and three of the size of W_q E(queries).
template <class T>
Index model_step(const PublishedModel<T>&, Index d, Index S, Index B) {
  return 6 * d * (S * 22 / 10) * (S + B);
}

template <class T, bool shared>
Index model_step(const KeyTableModel<T, shared>&, Index d, Index, Index B) {
  return d * B;
}

/// Adam: 3 for m, 4 for v, 6 for θ.
inline constexpr Index kAdamOfAParameter = 13;

}  // namespace palimpsest::micro
