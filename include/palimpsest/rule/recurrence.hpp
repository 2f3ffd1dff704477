// One engine for every rule that decays, erases along the key and writes:
//   W ← a W − e (W k) kᵀ + w v kᵀ ,   y = W q .
// A rule says what (a, e, w) are for a write; the engine answers queries from their side. With u the query, carried
// backwards through the writes t = L..1:
//   s = k_t·u ,   c_t = w_t s ,   u ← a_t u − e_t s k_t .
// Its adjoint goes forwards, g being the gradient by the u that step t left:
//   dw_t += s dc_t ,   da_t += u·g ,   de_t −= s (k_t·g) ,   ds = w_t dc_t − e_t (k_t·g) ,
//   dk_t += ds u − e_t s g ,   g ← a_t g + ds k_t .
// Both cost O(L·p) a query. Derivation: memory/README.md. Source: Schlag, Irie, Schmidhuber 2021 (arXiv 2102.11174),
// eq. 23; Yang et al. 2024 (arXiv 2406.06484), section 3.
#pragma once

#include <algorithm>
#include <vector>

#include "palimpsest/core/packet.hpp"
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

/// What a chunk of n ≤ kChunk writes needs for N queries at once.
template <class T>
struct Many {
  static constexpr Index kChunk = 32;
  Matrix<T> U, S, H, overlap;                          // p×N, n×N, p×n, n×n
  Vector<T> left = Vector<T>(kChunk), written = left;  // n
};

/// A rule derives from this and has
///   static WriteStep<T> step(const Write<T>&)
///   static Write<T> step_backward(const Write<T>&, const WriteStep<T>& d)   its adjoint
///   looks_at_norm                                                         whether step uses ‖k‖²
template <class Rule, class T>
struct Recurrence {
  static constexpr bool separable = false, in_blocks = true, looks_at_norm = false, knows_order = true;
  static constexpr double largest_strength = 1;
  static Index steps_a_write() { return 1; }

  struct Workspace {
    std::vector<WriteStep<T>> steps;  // L
    Matrix<T> u;                      // p×(L+2), the query as write t found it in column t + 2
    Vector<T> s;                      // L
    Vector<T> g, between;             // p, the adjoint's g, and g between two writes
    Vector<T> nothing, unused;        // p, zeros, and what they get
    Many<T> many;
  };

  void coefficients(ConstMatrixView<T> K, const Writes<T>& writes, ConstMatrixView<T> Q, MatrixView<T> C,
                    Workspace& work) const {
    work.steps.resize(static_cast<std::size_t>(K.cols()));
    for (Index t = 0; t < K.cols(); ++t) work.steps[t] = Rule::step(write(K.col(t), writes, t));
    if (Q.cols() == 1) {
      carry(K, Q.col(0), work);
      for (Index t = 0; t < K.cols(); ++t) C(t, 0) = work.steps[t].write * work.s(t);
    } else {
      carry_many(K, Q, C, work);
    }
  }

  void backward(Index first, ConstMatrixView<T> K, const Writes<T>& writes, ConstMatrixView<T> Q, ConstMatrixView<T>,
                ConstMatrixView<T> dC, Workspace& work, MatrixView<T> dK, Writes<T>& dwrites, MatrixView<T> dQ) const {
    for (Index n = 0; n < Q.cols(); ++n) {
      if (Q.cols() > 1) carry(K, Q.col(n), work);
      if (first == 0) {
        work.g.setZero(K.rows());
        for (auto* vector : {&work.between, &work.nothing, &work.unused}) vector->setZero(K.rows());
      }
      for (Index i = 0; i < K.cols(); i += 2)
        two_writes_backward(first, i, K, writes, dC.col(n), n > 0, work, dK, dwrites);
      if (first + K.cols() == work.s.size()) dQ.col(n) += work.g;
    }
  }

 private:
  /// The gates of write t, whose key is k.
  template <class Key>
  static Write<T> write(const Key& k, const Writes<T>& writes, Index t) {
    return {writes.beta(t), writes.alpha(t), writes.retrieval(t), Rule::looks_at_norm ? k.squaredNorm() : T(0)};
  }

  // Carries go two writes at a time: the second's s = k'·(a u − e s k) = a (k'·u) − e s (k'·k) doesn't wait for the
  // query that the first leaves, nor its k'·g for the first's g.

  static void carry(ConstMatrixView<T>& K, ConstVectorView<T> q, Workspace& work) {
    const Index L = K.cols(), p = K.rows();
    work.u.resize(p, L + 2);
    work.s.resize(L);
    if (L > 0) work.u.col(L + 1) = q;
    for (Index t = L - 1; t >= 0; t -= 2) {
      const T *u = column(work.u, t + 2), *k = column(K, t);
      const WriteStep<T> step = work.steps[t];
      if (t == 0) {
        work.s(t) = dot(k, u, p);
        break;
      }
      const T* earlier = column(K, t - 1);
      const WriteStep<T> next = work.steps[t - 1];
      const auto [s, s_earlier, overlap] = dots<T, 3>({{{k, u}, {earlier, u}, {earlier, k}}}, p);
      const T s_next = step.decay * s_earlier - step.erase * s * overlap;
      work.s(t) = s;
      work.s(t - 1) = s_next;
      leave_two(step.decay, step.erase * s, next.decay, next.erase * s_next, k, earlier, u, p, column(work.u, t + 1),
                column(work.u, t));
    }
  }

  static void leave_two(T a, T es, T a2, T es2, const T* __restrict k, const T* __restrict k2, const T* __restrict u,
                        Index p, T* __restrict between, T* __restrict after) {
    for (Index i = 0; i < p; ++i) {
      const T v = a * u[i] - es * k[i];
      between[i] = v;
      after[i] = a2 * v - es2 * k2[i];
    }
  }

  /// Adjoint of writes i and, if there is one, i + 1 of a block.
  static void two_writes_backward(Index first, Index i, ConstMatrixView<T>& K, const Writes<T>& writes,
                                  ConstVectorView<T> dC, bool accumulate, Workspace& work, MatrixView<T>& dK,
                                  Writes<T>& dwrites) {
    const Index t = first + i, p = K.rows();
    const bool pair = i + 1 < K.cols();
    const auto k = token(K, i), k2 = pair ? token(K, i + 1) : Eigen::Map<const Vector<T>>(work.nothing.data(), p);
    const T *u = column(work.u, t + 2), *u2 = pair ? column(work.u, t + 3) : work.nothing.data();
    const WriteStep<T> one = work.steps[t], two = pair ? work.steps[t + 1] : WriteStep<T>{1, 0, 0};
    const T* g = work.g.data();
    const auto [kg, k2g, overlap] = dots<T, 3>({{{k.data(), g}, {k2.data(), g}, {k2.data(), k.data()}}}, p);
    const T s = work.s(t), dc = dC(i), ds = one.write * dc - one.erase * kg;
    const T s2 = pair ? work.s(t + 1) : T(0), dc2 = pair ? dC(i + 1) : T(0);
    const T kg2 = one.decay * k2g + ds * overlap, ds2 = two.write * dc2 - two.erase * kg2;
    const T da = Rule::uses_decay ? dot(u, g, p) : T(0);
    const auto pull = accumulate ? pull_two<true> : pull_two<false>;
    pull(one.decay, one.erase * s, ds, two.decay, two.erase * s2, ds2, k.data(), k2.data(), u, u2, p, column(dK, i),
         pair ? column(dK, i + 1) : work.unused.data(), work.between.data(), work.g.data());
    const T da2 = Rule::uses_decay ? dot<T>(u2, work.between.data(), p) : T(0);
    close_step({da, -s * kg, s * dc}, k, t, writes, token(dK, i), dwrites);
    if (pair) close_step({da2, -s2 * kg2, s2 * dc2}, k2, t + 1, writes, token(dK, i + 1), dwrites);
  }

  template <bool accumulate>
  static void pull_two(T a, T es, T ds, T a2, T es2, T ds2, const T* __restrict k, const T* __restrict k2,
                       const T* __restrict u, const T* __restrict u2, Index p, T* __restrict dk, T* __restrict dk2,
                       T* __restrict between, T* __restrict g) {
    for (Index j = 0; j < p; ++j) {
      const T h = a * g[j] + ds * k[j];
      dk[j] = (accumulate ? dk[j] : T(0)) + ds * u[j] - es * g[j];
      dk2[j] = (accumulate ? dk2[j] : T(0)) + ds2 * u2[j] - es2 * h;
      g[j] = a2 * h + ds2 * k2[j];
      if (Rule::uses_decay) between[j] = h;
    }
  }

  /// From the gradients of (a, e, w) of write t to those of its gates.
  template <class Key, class Gradient>
  static void close_step(const WriteStep<T>& d, const Key& k, Index t, const Writes<T>& writes, Gradient dk,
                         Writes<T>& dwrites) {
    const Write<T> dw = Rule::step_backward(write(k, writes, t), d);
    dwrites.beta(t) += dw.beta;
    dwrites.alpha(t) += dw.alpha;
    dwrites.retrieval(t) += dw.retrieval;
    if constexpr (Rule::looks_at_norm) dk += 2 * dw.squared_norm * k;
  }

  /// A chunk of n writes at a time, as products of matrices. With h_i the key that finds s_i in the query u as it comes
  /// to the chunk, and A_{i,j} = a_{i+1} … a_{j−1} what the writes between two leave,
  ///   s_i = h_i·u ,   h_i = A_{i,n} k_i − Σ_{j>i} A_{i,j} e_j (k_i·k_j) h_j ,
  ///   u ← A_{−1,n} u − Σ_j A_{−1,j} e_j s_j k_j .
  static void carry_many(ConstMatrixView<T>& K, ConstMatrixView<T>& Q, MatrixView<T>& C, Workspace& work) {
    auto& [U, S, H, overlap, left, written] = work.many;
    U = Q;
    for (Index last = K.cols(); last > 0; last -= H.cols()) {
      const Index first = std::max<Index>(0, last - Many<T>::kChunk), n = last - first;
      const auto k = K.middleCols(first, n);
      const WriteStep<T>* steps = work.steps.data() + first;
      overlap.noalias() = k.transpose() * k;
      H = k;
      for (Index i = n - 1; i >= 0; --i) {
        T kept = 1;
        for (Index j = i + 1; j < n; ++j) {
          left(j) = kept * steps[j].erase;
          kept *= steps[j].decay;
        }
        if (kept != T(1)) H.col(i) *= kept;
        for (Index j = i + 1; j < n; ++j) token(H, i) -= left(j) * overlap(i, j) * token(H, j);
      }
      S.noalias() = H.transpose() * U;
      T kept = 1;
      for (Index j = 0; j < n; ++j) {
        written(j) = steps[j].write;
        H.col(j) = -kept * steps[j].erase * k.col(j);
        kept *= steps[j].decay;
      }
      C.middleRows(first, n) = written.head(n).asDiagonal() * S;
      if (kept != T(1)) U *= kept;
      U.noalias() += H * S;
    }
  }
};

}  // namespace palimpsest
