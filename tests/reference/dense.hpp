// Slow and obvious versions of the library's mathematics, by another method: the state is carried write by write, every
// token is formed in full, and a gradient is a central difference. Nothing here is tuned; it is what the rest must
// agree with. Source: Schlag, Irie, Schmidhuber 2021 (arXiv 2102.11174), sections 3 and 6.1.
#pragma once

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
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

/// A key or query as a normalisation maps it; ε guards queries, keys have none. By the definitions, one token at a time.
template <class T>
Vector<T> normalized(std::string_view normalization, Vector<T> x, T epsilon) {
  if (normalization == "none" || normalization == "attention") return x;
  if (normalization == "sum" || normalization == "sum+attention") return x / (x.sum() + epsilon);
  if (normalization == "l2") return x / (std::sqrt(x.dot(x)) + epsilon);
  if (normalization == "sum_of_squares") {
    const Vector<T> squares = x.cwiseProduct(x);
    return squares / (squares.sum() + epsilon);
  }
  if (normalization == "centered_l2") {
    const Vector<T> centered = x - Vector<T>::Constant(x.size(), x.sum() / static_cast<T>(x.size()));
    return centered / (std::sqrt(centered.dot(centered)) + epsilon);
  }
  throw std::logic_error(fmt::format("no dense reference of normalization '{}'; write one here", normalization));
}

/// λ of the rule rls in tests: large enough that what is compared isn't rounding divided by λ.
inline constexpr double kRidge = 0.1;

/// The state of a fast weight memory: W (d_v×p) and z (p), changed by one write at a time. Keys and queries come after
/// the feature map and before normalisation.
template <class T>
class State {
 public:
  State(std::string_view rule, std::string_view normalization, Index d_v, Index p)
      : rule_(rule.substr(0, rule.find(':'))),
        normalization_(normalization),
        accumulates_(normalization.ends_with("attention")),
        W_(Matrix<T>::Zero(d_v, p)),
        z_(Vector<T>::Zero(p)),
        G_(T(kRidge) * Matrix<T>::Identity(p, p)) {}

  void write(const Vector<T>& raw, const Vector<T>& v, T beta = T(1), T alpha = T(1)) {
    const Vector<T> k = normalized(normalization_, raw, T(0));
    Vector<T> retrieved = W_ * k;
    if (accumulates_) retrieved = first_ ? Vector<T>::Zero(v.size()) : Vector<T>(retrieved / (z_.dot(k) + kEpsilon));
    if (rule_ == "sum") {
      W_ += v * k.transpose();
    } else if (rule_ == "decay") {
      W_ = alpha * W_ + v * k.transpose();
    } else if (rule_ == "delta" || rule_ == "delta_product") {
      W_ += beta * (v - retrieved) * k.transpose();
    } else if (rule_ == "gated_delta") {
      W_ = alpha * (W_ - beta * retrieved * k.transpose()) + beta * v * k.transpose();
    } else if (rule_ == "longhorn") {
      W_ += beta / (1 + beta * k.dot(k)) * (v - retrieved) * k.transpose();
    } else if (rule_ == "rls") {  // W collects H = Σ v kᵀ
      W_ += v * k.transpose();
      G_ += k * k.transpose();
    } else if (rule_ == "fwm2021") {
      W_ += beta * (v - retrieved) * k.transpose();
      if (!first_) W_ /= 1 + std::max(T(0), W_.norm() - 1);
    } else {
      throw std::logic_error(fmt::format("no dense reference of rule '{}'; write one here", rule_));
    }
    z_ += k;
    first_ = false;
  }

  Vector<T> read(const Vector<T>& raw) const {
    const Vector<T> q = normalized(normalization_, raw, kEpsilon);
    Vector<T> y = rule_ == "rls" ? Vector<T>(W_ * G_.colPivHouseholderQr().solve(q)) : Vector<T>(W_ * q);
    if (rule_ == "fwm2021") {
      y.array() -= y.mean();
      y /= std::sqrt(y.squaredNorm() / static_cast<T>(y.size()) + T(1e-5));
    }
    return accumulates_ ? Vector<T>(y / (z_.dot(q) + kEpsilon)) : y;
  }

 private:
  static constexpr T kEpsilon = T(1e-6);
  std::string rule_, normalization_;
  bool accumulates_, first_ = true;
  Matrix<T> W_;
  Vector<T> z_;
  Matrix<T> G_;  // rls: K Kᵀ + λ I
};

/// A sequence in full: whole keys (d×L) and queries (d×N) before the feature map, values V (d_v×L), and the gates of the
/// writes (L).
template <class T>
struct Sequence {
  Matrix<T> keys, V, queries;
  Vector<T> beta, alpha;

  Sequence(Matrix<T> keys, Matrix<T> V, Matrix<T> queries)
      : keys(std::move(keys)), V(std::move(V)), queries(std::move(queries)) {
    beta.setOnes(this->keys.cols());
    alpha.setOnes(this->keys.cols());
  }
};

/// Y: d_v×N.
template <class T, class K>
Matrix<T> fast_weight(const K& kernel, std::string_view rule, std::string_view normalization, const Sequence<T>& sequence) {
  const Matrix<T> k = features(kernel, sequence.keys), q = features(kernel, sequence.queries);
  State<T> state(rule, normalization, sequence.V.rows(), k.rows());
  for (Index t = 0; t < k.cols(); ++t) state.write(k.col(t), sequence.V.col(t), sequence.beta(t), sequence.alpha(t));
  Matrix<T> Y(sequence.V.rows(), q.cols());
  for (Index n = 0; n < q.cols(); ++n) Y.col(n) = state.read(q.col(n));
  return Y;
}

/// Y: d_v×N, y_n = Σ_t v_t exp(k_t·q_n/√d) / Σ_t exp(k_t·q_n/√d).
template <class T>
Matrix<T> softmax_attention(const Sequence<T>& sequence) {
  const auto& [keys, V, queries, beta, alpha] = sequence;
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
