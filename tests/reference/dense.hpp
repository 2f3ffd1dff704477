// Slow and obvious versions of the library's mathematics, by another method: the state is carried write by write, every
// token is formed in full, and a gradient is a central difference. Nothing here is tuned; it is what the rest must
// agree with. Source: Schlag, Irie, Schmidhuber 2021 (arXiv 2102.11174), sections 3 and 6.1.
#pragma once

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "palimpsest/kernel/kernel.hpp"

namespace palimpsest::reference {

/// V: S×L, column t is the unit vector of values[t].
template <class T>
Matrix<T> one_hot(const std::vector<int>& values, Index S) {
  Matrix<T> V = Matrix<T>::Zero(S, std::ssize(values));
  for (Index t = 0; t < V.cols(); ++t) V(values[t], t) = T(1);
  return V;
}

/// x = [v; E(key)] of size S + e; E: e×S.
template <class T>
Vector<T> token(const Matrix<T>& E, Index S, int key, int value) {
  Vector<T> x = Vector<T>::Zero(S + E.rows());
  x(value) = T(1);
  x.tail(E.rows()) = E.col(key);
  return x;
}

/// K: d×L, k_t = W_k x_t + b_k from whole tokens; W_k: d×(S+e).
template <class T>
Matrix<T> project_tokens(const Matrix<T>& E, const Matrix<T>& W_k, const Matrix<T>& b_k, Index S,
                         const std::vector<int>& keys, const std::vector<int>& values) {
  Matrix<T> K(W_k.rows(), std::ssize(keys));
  for (Index t = 0; t < K.cols(); ++t) K.col(t) = W_k * token(E, S, keys[t], values[t]) + b_k.col(0);
  return K;
}

/// The state of a fast weight memory: W (d_v×p) and z (p), changed by one write at a time. Keys and queries come after
/// the feature map and before normalisation.
template <class T>
class State {
 public:
  State(std::string_view rule, std::string_view normalization, Index d_v, Index p)
      : by_sum_(normalization == "sum"),
        accumulates_(normalization == "attention"),
        W_(Matrix<T>::Zero(d_v, p)),
        z_(Vector<T>::Zero(p)) {
    if (rule != "sum") throw std::logic_error(fmt::format("no dense reference of rule '{}'; write one here", rule));
    if (!by_sum_ && !accumulates_ && normalization != "none")
      throw std::logic_error(fmt::format("no dense reference of normalization '{}'; write one here", normalization));
  }

  void write(Vector<T> k, const Vector<T>& v) {
    if (by_sum_) k /= k.sum();
    W_ += v * k.transpose();
    z_ += k;
  }

  Vector<T> read(Vector<T> q) const {
    constexpr T epsilon = T(1e-6);
    if (by_sum_) q /= q.sum() + epsilon;
    const Vector<T> y = W_ * q;
    return accumulates_ ? Vector<T>(y / (z_.dot(q) + epsilon)) : y;
  }

 private:
  bool by_sum_, accumulates_;
  Matrix<T> W_;
  Vector<T> z_;
};

/// Y: d_v×N, from keys K: d×L and queries Q: d×N before the feature map and values V: d_v×L.
template <class T, class K>
Matrix<T> fast_weight(const K& kernel, std::string_view rule, std::string_view normalization, const Matrix<T>& keys,
                      const Matrix<T>& V, const Matrix<T>& queries) {
  const Matrix<T> k = features(kernel, keys), q = features(kernel, queries);
  State<T> state(rule, normalization, V.rows(), k.rows());
  for (Index t = 0; t < keys.cols(); ++t) state.write(k.col(t), V.col(t));
  Matrix<T> Y(V.rows(), queries.cols());
  for (Index n = 0; n < queries.cols(); ++n) Y.col(n) = state.read(q.col(n));
  return Y;
}

/// Y: d_v×N, y_n = Σ_t v_t exp(k_t·q_n/√d) / Σ_t exp(k_t·q_n/√d), from whole keys (d×L) and queries (d×N).
template <class T>
Matrix<T> softmax_attention(const Matrix<T>& keys, const Matrix<T>& V, const Matrix<T>& queries) {
  Matrix<T> Y = Matrix<T>::Zero(V.rows(), queries.cols());
  for (Index n = 0; n < queries.cols(); ++n) {
    T total = 0;
    for (Index t = 0; t < keys.cols(); ++t) {
      const T weight = std::exp(keys.col(t).dot(queries.col(n)) / std::sqrt(T(keys.rows())));
      Y.col(n) += weight * V.col(t);
      total += weight;
    }
    Y.col(n) /= total;
  }
  return Y;
}

/// ∂f/∂x, f a number that reads x anew at every call. In double with f, x ~ 1 the error is about h²f'''/6 + 1e-16 f/h,
/// at h = 1e-5 some 1e-10 of the gradient.
template <class F>
Matrix<double> central_differences(F&& f, Matrix<double>& x, double h = 1e-5) {
  Matrix<double> gradient(x.rows(), x.cols());
  for (Index i = 0; i < x.size(); ++i) {
    const double here = x(i);
    x(i) = here + h;
    const double above = f();
    x(i) = here - h;
    const double below = f();
    x(i) = here;
    gradient(i) = (above - below) / (2 * h);
  }
  return gradient;
}

}  // namespace palimpsest::reference
