// Coefficients of one query after all L writes, carried back write by write: u ← q, and for t = L..1
//   c_t = w_t k_t·u ,   u ← D_t ∘ u + a_t (b_t·u)      (along the key: u ← D_t ∘ (u − e_t (k_t·u) k_t)).
// Adjoint, forwards, g being the gradient by the u that write t left:
//   da_t = (b_t·u) g ,  ds = a_t·g ,  db_t = ds u ,  d log D_t = D_t ∘ u ∘ g ,  dk_t = w_t dc_t u ,  g ← D_t ∘ g + ds b_t + w_t dc_t k_t.
// O(L·p): what a chunk's products among its keys cost more than they save where there is one query.
// Source: the recurrence of rule/structure.hpp read from the query's side; Yang et al. 2024 (arXiv 2406.06484), section 3.
#pragma once

#include <cmath>

#include "palimpsest/rule/factors.hpp"

namespace palimpsest::engine {

template <class T>
class OneQuery {
 public:
  /// c: L; q: p. Keeps what the adjoint needs until the next call.
  void coefficients(const Factors<T>& factors, ConstVectorView<T> q, VectorView<T> c) {
    const Index L = factors.writes();
    U_.resize(factors.features(), L + 1);
    U_.col(L) = q;
    D_ = factors.log_decay.array().exp();
    along_.resize(L);
    removed_.resize(L);
    for (Index t = L - 1; t >= 0; --t) {
      const auto u = token(U_, t + 1);
      const auto k = token(factors.K, t);
      auto left = token(U_, t);
      along_(t) = k.dot(u);
      c(t) = factors.w(t) * along_(t);
      if (factors.structure.erase == Erase::along) {
        left = u - (factors.erase(t) * along_(t)) * k;
        decay(factors, t, left);
      } else {
        left = u;
        decay(factors, t, left);
        if (factors.structure.erase != Erase::free) continue;
        removed_(t) = token(factors.B, t).dot(u);
        left += removed_(t) * token(factors.A, t);
      }
    }
  }

  /// Adds the gradients by the factors and by the query. dc: L.
  void backward(const Factors<T>& factors, ConstVectorView<T> dc, Factors<T>& d, VectorView<T> dq) {
    const Index L = factors.writes();
    g_.setZero(factors.features());
    for (Index t = 0; t < L; ++t) {
      const auto u = token(U_, t + 1);
      const auto k = token(factors.K, t);
      d.w(t) += dc(t) * along_(t);
      T ds = factors.w(t) * dc(t);
      if (factors.structure.erase == Erase::along) {
        decay_backward(factors, t, u - (factors.erase(t) * along_(t)) * k, d);
        const T kg = k.dot(g_);
        d.erase(t) -= along_(t) * kg;
        ds -= factors.erase(t) * kg;
        token(d.K, t) += ds * u - (factors.erase(t) * along_(t)) * g_;
        g_ += ds * k;
        continue;
      }
      if (factors.structure.erase == Erase::free) {
        const auto a = token(factors.A, t), b = token(factors.B, t);
        const T dremoved = a.dot(g_);
        token(d.A, t) += removed_(t) * g_;
        token(d.B, t) += dremoved * u;
        decay_backward(factors, t, u, d);
        g_ += dremoved * b;
      } else {
        decay_backward(factors, t, u, d);
      }
      token(d.K, t) += ds * u;
      g_ += ds * k;
    }
    dq += g_;
  }

 private:
  template <class U>
  void decay(const Factors<T>& factors, Index t, U&& u) const {
    if (factors.structure.decay == Decay::scalar) u *= D_(0, t);
    if (factors.structure.decay == Decay::diagonal) u.array() *= token(D_, t).array();
  }

  /// u: what was decayed.
  template <class U>
  void decay_backward(const Factors<T>& factors, Index t, const U& u, Factors<T>& d) {
    if (factors.structure.decay == Decay::scalar) {
      g_ *= D_(0, t);
      d.log_decay(0, t) += u.dot(g_);
    }
    if (factors.structure.decay == Decay::diagonal) {
      g_.array() *= token(D_, t).array();
      token(d.log_decay, t).array() += u.array() * g_.array();
    }
  }

  Matrix<T> U_;                // p×(L+1), the query as it is before write t
  Matrix<T> D_;                // decays
  Vector<T> along_, removed_;  // L, k·u and b·u
  Vector<T> g_;                // p
};

}  // namespace palimpsest::engine
