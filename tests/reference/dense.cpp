#include "reference/dense.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "reference/linear_algebra.hpp"

namespace palimpsest::reference {
namespace {

using M = Matrix<double>;
using V = Vector<double>;

constexpr double kEpsilon = 1e-6;

}  // namespace

M one_hot(const std::vector<int>& values, Index S) {
  M all = M::Zero(S, std::ssize(values));
  for (Index t = 0; t < all.cols(); ++t) all(values[t], t) = 1;
  return all;
}

V token(const M& E, Index S, int key, int value) {
  V x = V::Zero(S + E.rows());
  x(value) = 1;
  x.tail(E.rows()) = E.col(key);
  return x;
}

M project_tokens(const M& E, const M& W_k, const M& b_k, Index S, const std::vector<int>& keys,
                 const std::vector<int>& values) {
  M K(W_k.rows(), std::ssize(keys));
  for (Index t = 0; t < K.cols(); ++t) K.col(t) = W_k * token(E, S, keys[t], values[t]) + b_k.col(0);
  return K;
}

V normalized(std::string_view normalization, const V& x, double epsilon) {
  if (normalization.ends_with("+attention")) normalization.remove_suffix(std::string_view("+attention").size());
  if (normalization == "none" || normalization == "attention") return x;
  if (normalization == "sum") return x / (x.sum() + epsilon);
  if (normalization == "l2") return x / (std::sqrt(x.dot(x)) + epsilon);
  if (normalization == "sum_of_squares") {
    const V squares = x.cwiseProduct(x);
    return squares / (squares.sum() + epsilon);
  }
  if (normalization == "centered_l2") {
    const V centered = x - V::Constant(x.size(), x.sum() / static_cast<double>(x.size()));
    return centered / (std::sqrt(centered.dot(centered)) + epsilon);
  }
  throw std::logic_error(fmt::format("no dense reference of normalization '{}'; write one here", normalization));
}

bool is_scale_free(std::string_view normalization) { return normalization != "none" && normalization != "attention"; }

State::State(std::string_view rule, std::string_view normalization, Index d_v, Index p, double epsilon_of_queries)
    : rule_(rule.substr(0, rule.find(':'))),
      normalization_(normalization),
      accumulates_(normalization.ends_with("attention")),
      epsilon_of_queries_(epsilon_of_queries),
      W_(M::Zero(d_v, p)),
      z_(V::Zero(p)),
      G_(kRidge * M::Identity(p, p)),
      ridge_(kRidge * M::Identity(p, p)),
      M_(M::Zero(d_v, p)) {}

void State::write(const V& raw, const V& v, const Gates& gates) {
  const auto gate = [&](std::string_view name) {
    const auto found = gates.find(name);
    return found == gates.end() ? 1.0 : found->second(0);
  };
  const double beta = gate("beta"), alpha = gate("alpha");
  const auto features = [&](std::string_view name) -> V {
    const auto found = gates.find(name);
    if (found == gates.end()) return V::Ones(raw.size());
    return found->second.size() == 1 ? V::Constant(raw.size(), found->second(0)) : found->second;
  };
  const auto divided = [&](const V& retrieved, const V& k) -> V {
    if (!accumulates_) return retrieved;
    return first_ ? V(V::Zero(retrieved.size())) : V(retrieved / (z_.dot(k) + kEpsilon));
  };
  const V k = normalized(normalization_, raw, 0);
  V retrieved = W_ * k;
  if (accumulates_) {
    if (first_)
      retrieved.setZero();
    else
      retrieved /= z_.dot(k) + kEpsilon;
  }
  if (rule_ == "sum") {
    W_ += v * k.transpose();
  } else if (rule_ == "decay") {
    W_ = alpha * W_ + v * k.transpose();
  } else if (rule_ == "delta" || rule_ == "delta_product") {
    W_ += beta * (v - retrieved) * k.transpose();
  } else if (rule_ == "gated_delta") {
    W_ = alpha * (W_ - beta * retrieved * k.transpose()) + beta * v * k.transpose();
  } else if (rule_ == "gla") {
    W_ = W_ * features("alpha").asDiagonal() + v * k.transpose();
  } else if (rule_ == "kda") {
    W_ = W_ * features("alpha").asDiagonal();
    // what the key holds, of the state that has decayed; an accumulator doesn't decay
    W_ += beta * (v - divided(W_ * k, k)) * k.transpose();
  } else if (rule_ == "comba") {
    W_ = alpha * (W_ - beta * gate("c") * retrieved * k.transpose()) + beta * v * k.transpose();
  } else if (rule_ == "gated_delta2") {
    W_ = W_ * features("alpha").asDiagonal();
    W_ += (gate("write") * v - divided(W_ * features("erase").cwiseProduct(k), k)) * k.transpose();
  } else if (rule_ == "rwkv7") {
    const V kappa = features("xi").cwiseProduct(k), unit = kappa / kappa.norm(), a = features("rate");
    const V written = k.cwiseProduct(V::Ones(k.size()) + (a - V::Ones(k.size())).cwiseProduct(features("zeta")));
    W_ = W_ * (M(features("alpha").asDiagonal()) - unit * a.cwiseProduct(unit).transpose()) + v * written.transpose();
  } else if (rule_ == "mesa") {  // W collects H
    W_ = alpha * W_ + beta * v * k.transpose();
    G_ = alpha * (G_ - ridge_) + beta * k * k.transpose() + M(features("ridge").asDiagonal());
    ridge_ = features("ridge").asDiagonal();
  } else if (rule_ == "momentum_delta") {
    M_ = gate("eta") * M_ - gate("theta") * (retrieved - v) * k.transpose();
    W_ = alpha * W_ + M_;
  } else if (rule_ == "longhorn") {
    W_ += beta / (1 + beta * k.dot(k)) * (v - retrieved) * k.transpose();
  } else if (rule_ == "rls") {  // W collects H = Σ v kᵀ
    W_ += v * k.transpose();
    G_ += k * k.transpose();
  } else if (rule_ == "fwm2021") {
    W_ += beta * (v - retrieved) * k.transpose();
    if (!first_) W_ /= 1 + std::max(0.0, W_.norm() - 1);
  } else {
    throw std::logic_error(fmt::format("no dense reference of rule '{}'; write one here", rule_));
  }
  z_ += k;
  first_ = false;
}

V State::read(const V& raw) const {
  const V q = normalized(normalization_, raw, epsilon_of_queries_);
  V y = rule_ == "rls" || rule_ == "mesa" ? V(W_ * solve(G_, q)) : V(W_ * q);
  if (rule_ == "fwm2021") {
    y.array() -= y.mean();
    y /= std::sqrt(y.squaredNorm() / static_cast<double>(y.size()) + 1e-5);
  }
  return accumulates_ ? V(y / (z_.dot(q) + kEpsilon)) : y;
}

M fast_weight(const KernelVariant& kernel, std::string_view rule, std::string_view normalization,
              const Sequence& sequence) {
  const bool up_to_scale = is_scalable(kernel) && is_scale_free(normalization);
  const auto map = up_to_scale ? features_up_to_scale : static_cast<M (*)(const KernelVariant&, const M&)>(features);
  const M k = map(kernel, sequence.keys), q = map(kernel, sequence.queries);
  State state(rule, normalization, sequence.V.rows(), k.rows(), up_to_scale ? 0 : kEpsilon);
  for (Index t = 0; t < k.cols(); ++t) {
    const auto i = static_cast<std::size_t>(t);
    state.write(k.col(t), sequence.V.col(t), i < sequence.gates.size() ? sequence.gates[i] : Gates());
  }
  M Y(sequence.V.rows(), q.cols());
  for (Index n = 0; n < q.cols(); ++n) Y.col(n) = state.read(q.col(n));
  return Y;
}

M softmax_attention(const Sequence& sequence) {
  const auto& [keys, V, queries, gates] = sequence;
  M Y = M::Zero(V.rows(), queries.cols());
  for (Index n = 0; n < queries.cols(); ++n) {
    double total = 0;
    for (Index t = 0; t < keys.cols(); ++t) {
      const double weight = std::exp(keys.col(t).dot(queries.col(n)) / std::sqrt(static_cast<double>(keys.rows())));
      Y.col(n) += weight * V.col(t);
      total += weight;
    }
    Y.col(n) /= total;
  }
  return Y;
}

M central_differences(const std::function<double()>& f, M& x, double h) {
  M gradient(x.rows(), x.cols());
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
