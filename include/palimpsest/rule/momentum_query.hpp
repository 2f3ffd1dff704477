// M ← η M − θ (ρ W k − v) kᵀ ,  W ← α W + M ,  y = W q: gradient descent on ½‖W k − v‖² with momentum and decay.
// Source: Behrouz, Zhong, Mirrokni 2024, "Titans" (arXiv 2501.00663), the linear memory. ρ is a factor on what the key
// retrieves: 1, or 1/(z·k + ε) under attention normalisation.
//
// The query is a pair (w, x): what the writes to come do to W and M, done to it, so that W w + M (x − w) is the answer. It
// starts as w = x = q and is carried backwards through the writes t = r..1 that it sees:
//   s = k_t·x ,   c_t = θ_t s ,   w ← α_t w − θ_t ρ_t s k_t ,   x ← η_t x + w  (the new w).
// The adjoint goes forwards: g is the gradient by the x that step t left, h that by its w, on which x depends too. It starts
// as h = g = 0 and ends as dq = h:
//   κ = k_t·h ,   ds = θ_t dc_t − θ_t ρ_t κ ,   dk_t += ds x − θ_t ρ_t s h ,
//   dα_t += w·h ,   dη_t += x·g ,   dθ_t += s dc_t − ρ_t s κ ,   dρ_t −= θ_t s κ ,
//   g ← η_t g + ds k_t ,   h ← α_t h + g  (the new g).
// Where a state W, M stands before the first write, what is left of the query asks it: it answers W w + M (x − w), and g and h
// start as Mᵀ dy and Wᵀ dy.
// Both cost O(L·p) a query. η = 0, α = 1 is the delta rule of strength θ.
#pragma once

#include <span>

#include "palimpsest/core/packet.hpp"
#include "palimpsest/rule/position.hpp"

namespace palimpsest {

/// The gates of the writes, L each. Also their gradients.
template <class T>
struct MomentumGates {
  Vector<T> alpha;      ///< α_t, how much of W is kept
  Vector<T> eta;        ///< η_t, how much of M is kept
  Vector<T> theta;      ///< θ_t, the step
  Vector<T> retrieval;  ///< ρ_t

  void set_constant(Index L, T value) {
    for (auto* gate : {&alpha, &eta, &theta, &retrieval}) gate->setConstant(L, value);
  }
};

/// Coefficients and their adjoint, query by query. Backward needs the pairs that the writes found, 2·p numbers per write and
/// query. It carries each query again rather than have that many kept, so a workspace may serve other calls in between.
template <class T>
struct MomentumQuery {
  /// Memory that calls may share.
  struct Workspace {
    Matrix<T> w, x;  // p×(L + 1): write t finds the pair in column t + 1 and leaves the one in column t
    Vector<T> s;     // L
    Vector<T> h, g;  // p
  };

  /// Pairs of N queries before the first write, p×N each; or gradients by them, h and g as above.
  struct Pairs {
    Matrix<T> w, x;
  };

  /// K: p×L, Q: p×N, after: N, each of 0 … L, or empty if all queries come at the end; C: L×N; left: what is left of the queries
  /// before the first write, if wanted.
  static void coefficients(ConstMatrixView<T> K, const MomentumGates<T>& gates, ConstMatrixView<T> Q,
                           std::span<const Index> after, MatrixView<T> C, Workspace& work, Pairs* left = nullptr) {
    C.setZero();
    if (left)
      for (auto* pairs : {&left->w, &left->x}) pairs->resize(Q.rows(), Q.cols());
    for (Index n = 0; n < Q.cols(); ++n) {
      const Index seen = writes_seen(after, n, K.cols());
      carry(K, gates, Q.col(n), seen, work);
      C.col(n).head(seen) = gates.theta.head(seen).cwiseProduct(work.s.head(seen));
      if (left) left->w.col(n) = work.w.col(0), left->x.col(n) = work.x.col(0);
    }
  }

  /// dC: L×N, of which only t < after[n] counts; dleft: by what was left of the queries, if that was asked; dK (p×L), dgates and
  /// dQ (p×N) accumulate.
  static void backward(ConstMatrixView<T> K, const MomentumGates<T>& gates, ConstMatrixView<T> Q,
                       std::span<const Index> after, ConstMatrixView<T> dC, Workspace& work, MatrixView<T> dK,
                       MomentumGates<T>& dgates, MatrixView<T> dQ, const Pairs* dleft = nullptr) {
    const Index p = K.rows();
    for (Index n = 0; n < Q.cols(); ++n) {
      const Index seen = writes_seen(after, n, K.cols());
      carry(K, gates, Q.col(n), seen, work);
      if (dleft)
        work.h = dleft->w.col(n), work.g = dleft->x.col(n);
      else
        for (auto* vector : {&work.h, &work.g}) vector->setZero(p);
      for (Index t = 0; t < seen; ++t) write_backward(t, column(K, t), gates, dC(t, n), work, column(dK, t), dgates);
      dQ.col(n) += work.h;
    }
  }

 private:
  /// Through the first `seen` writes, last to first.
  static void carry(const ConstMatrixView<T>& K, const MomentumGates<T>& gates, ConstVectorView<T> q, Index seen,
                    Workspace& work) {
    const Index p = K.rows();
    if (work.w.rows() != p || work.w.cols() <= seen)
      for (auto* pairs : {&work.w, &work.x}) pairs->resize(p, K.cols() + 1);
    if (work.s.size() < seen) work.s.resize(K.cols());
    work.w.col(seen) = work.x.col(seen) = q;
    for (Index t = seen - 1; t >= 0; --t) {
      const T *k = column(K, t), *w = column(work.w, t + 1), *x = column(work.x, t + 1);
      T *next_w = column(work.w, t), *next_x = column(work.x, t);
      const T s = dot(k, x, p), removed = gates.theta(t) * gates.retrieval(t) * s;
      const T alpha = gates.alpha(t), eta = gates.eta(t);
      work.s(t) = s;
      for_each_packet<T>(p, [&](auto at) {
        const auto left = alpha * at.load(w) - removed * at.load(k);
        at.store(left, next_w);
        at.store(eta * at.load(x) + left, next_x);
      });
    }
  }

  /// Adjoint of write t with key k.
  static void write_backward(Index t, const T* k, const MomentumGates<T>& gates, T dc, Workspace& work, T* dk,
                             MomentumGates<T>& dgates) {
    const Index p = work.h.size();
    const T *w = column(work.w, t + 1), *x = column(work.x, t + 1);
    T *h = work.h.data(), *g = work.g.data();
    const T alpha = gates.alpha(t), eta = gates.eta(t), theta = gates.theta(t), rho = gates.retrieval(t);
    const T s = work.s(t), kh = dot(k, h, p), ds = theta * dc - theta * rho * kh, removed = theta * rho * s;
    dgates.alpha(t) += dot(w, h, p);
    dgates.eta(t) += dot(x, g, p);
    dgates.theta(t) += s * dc - rho * s * kh;
    dgates.retrieval(t) -= theta * s * kh;
    for_each_packet<T>(p, [&](auto at) {
      const auto old_h = at.load(h), new_g = eta * at.load(g) + ds * at.load(k);
      at.store(at.load(dk) + ds * at.load(x) - removed * old_h, dk);
      at.store(new_g, g);
      at.store(alpha * old_h + new_g, h);
    });
  }
};

}  // namespace palimpsest
