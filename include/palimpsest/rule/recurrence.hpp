// One engine for every rule that decays, erases along the key and writes:
//   W ← a W − e (W k) kᵀ + w v kᵀ ,   y = W q .
// A rule says what (a, e, w) are for a write; the engine answers queries from their side. With u the query, carried
// backwards through the writes t = L..1:
//   s = k_t·u ,   c_t = w_t s ,   u ← a_t u − e_t s k_t .
// Its adjoint goes forwards, g being the gradient by the u that step t left:
//   dw_t += s dc_t ,   da_t += u·g ,   de_t −= s (k_t·g) ,   ds = w_t dc_t − e_t (k_t·g) ,
//   dk_t += ds u − e_t s g ,   g ← a_t g + ds k_t .
// Both cost O(L·p) a query. Derivation: memory/README.md. Source: Schlag, Irie, Schmidhuber 2021 (arXiv 2102.11174), eq. 23;
// Yang et al. 2024 (arXiv 2406.06484), section 3.
#pragma once

#include <algorithm>
#include <vector>

#include "palimpsest/rule/rule.hpp"

namespace palimpsest {

/// What a rule may look at: the gates of one write and ‖k‖². Also their gradients.
template <class T>
struct Write {
  T beta, alpha, retrieval, squared_norm;
};

/// (a, e, w) of one write. Also their gradients.
template <class T>
struct WriteStep {
  T decay, erase, write;
};

/// A rule derives from this and has
///   static WriteStep<T> step(const Write<T>&)
///   static Write<T> step_backward(const Write<T>&, const WriteStep<T>& d)   its adjoint
///   looks_at_norm                                                         whether step uses ‖k‖²
template <class Rule, class T>
struct Recurrence {
  static constexpr bool separable = false, looks_at_norm = false, knows_order = true;
  static constexpr double largest_strength = 1;
  static Index steps_a_write() { return 1; }

  struct Workspace {
    std::vector<WriteStep<T>> steps;  // L
    Matrix<T> u;                      // p×L, the query as write t found it
    Vector<T> s;                      // L
    Vector<T> g;                      // p
    Matrix<T> many;                   // kLanes×p, queries as rows
    Vector<T> many_s;
  };

  void coefficients(ConstMatrixView<T> K, const Writes<T>& writes, ConstMatrixView<T> Q, MatrixView<T> C,
                    Workspace& work) const {
    work.steps.resize(static_cast<std::size_t>(K.cols()));
    for (Index t = 0; t < K.cols(); ++t) work.steps[t] = Rule::step(write(K, writes, t));
    if (Q.cols() == 1) {
      carry(K, Q.col(0), work);
      for (Index t = 0; t < K.cols(); ++t) C(t, 0) = work.steps[t].write * work.s(t);
    } else {
      for (Index first = 0; first < Q.cols(); first += kLanes) {
        const Index count = std::min(kLanes, Q.cols() - first);
        carry_many(K, Q.middleCols(first, count), C.middleCols(first, count), work);
      }
    }
  }

  void backward(ConstMatrixView<T> K, const Writes<T>& writes, ConstMatrixView<T> Q, ConstMatrixView<T>,
                ConstMatrixView<T> dC, Workspace& work, MatrixView<T> dK, Writes<T>& dwrites, MatrixView<T> dQ) const {
    const Index L = K.cols(), p = K.rows();
    dK.setZero();
    for (Index n = 0; n < Q.cols(); ++n) {
      if (Q.cols() > 1) carry(K, Q.col(n), work);
      work.g.setZero(p);
      T* __restrict g = work.g.data();
      for (Index t = 0; t < L; ++t) {
        const auto& [decay, erase, write_strength] = work.steps[t];
        const T* __restrict k = column(K, t);
        const T* __restrict u = column(work.u, t);
        T* __restrict dk = column(dK, t);
        const T s = work.s(t), dc = dC(t, n), kg = K.col(t).dot(work.g);
        const T ds = write_strength * dc - erase * kg, es = erase * s;
        WriteStep<T> d{Rule::uses_decay ? work.u.col(t).dot(work.g) : T(0), -s * kg, s * dc};
        for (Index i = 0; i < p; ++i) {
          dk[i] += ds * u[i] - es * g[i];
          g[i] = decay * g[i] + ds * k[i];
        }
        const Write<T> dw = Rule::step_backward(write(K, writes, t), d);
        dwrites.beta(t) += dw.beta;
        dwrites.alpha(t) += dw.alpha;
        dwrites.retrieval(t) += dw.retrieval;
        if constexpr (Rule::looks_at_norm)
          for (Index i = 0; i < p; ++i) dk[i] += 2 * dw.squared_norm * k[i];
      }
      dQ.col(n) += work.g;
    }
  }

 private:
  static constexpr Index kLanes = 64;  // queries carried together; with p = 128 features they fit the nearest cache

  static Write<T> write(ConstMatrixView<T>& K, const Writes<T>& writes, Index t) {
    return {writes.beta(t), writes.alpha(t), writes.retrieval(t), Rule::looks_at_norm ? K.col(t).squaredNorm() : T(0)};
  }

  static void carry(ConstMatrixView<T>& K, ConstVectorView<T> q, Workspace& work) {
    const Index L = K.cols(), p = K.rows();
    work.u.resize(p, L);
    work.s.resize(L);
    if (L > 0) work.u.col(L - 1) = q;
    for (Index t = L - 1; t >= 0; --t) {
      const T s = K.col(t).dot(work.u.col(t));
      work.s(t) = s;
      if (t == 0) break;
      const T decay = work.steps[t].decay, es = work.steps[t].erase * s;
      const T* __restrict k = column(K, t);
      const T* __restrict u = column(work.u, t);
      T* __restrict next = column(work.u, t - 1);
      for (Index i = 0; i < p; ++i) next[i] = decay * u[i] - es * k[i];
    }
  }

  static void carry_many(ConstMatrixView<T>& K, ConstMatrixView<T> Q, MatrixView<T> C, Workspace& work) {
    work.many = Q.transpose();
    for (Index t = K.cols() - 1; t >= 0; --t) {
      const auto& [decay, erase, write_strength] = work.steps[t];
      work.many_s.noalias() = work.many * K.col(t);
      C.row(t) = write_strength * work.many_s.transpose();
      if (decay != T(1)) work.many *= decay;
      if (erase != T(0)) work.many.noalias() -= (erase * work.many_s) * K.col(t).transpose();
    }
  }
};

}  // namespace palimpsest
