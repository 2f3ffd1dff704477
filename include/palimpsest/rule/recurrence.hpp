// One engine for every rule that decays, erases along the key and writes:
//   W ← a W − e (W k) kᵀ + w v kᵀ ,   y = W q .
// A rule says which share of what its key holds a write erases, ε, beside a and w: e = a ε ρ, with ρ what a normalisation
// divides the retrieved value by. The engine answers queries from their side. With u the query, carried
// backwards through the writes t = L..1:
//   s = k_t·u ,   c_t = w_t s ,   u ← a_t u − e_t s k_t .
// Its adjoint goes forwards, g being the gradient by the u that step t left:
//   dw_t += s dc_t ,   da_t += u·g ,   de_t −= s (k_t·g) ,   ds = w_t dc_t − e_t (k_t·g) ,
//   dk_t += ds u − e_t s g ,   g ← a_t g + ds k_t .
// Both cost O(L·p) a query. Derivation: memory/README.md. Source: Schlag, Irie, Schmidhuber 2021 (arXiv 2102.11174),
// eq. 23; Yang et al. 2024 (arXiv 2406.06484), section 3.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "palimpsest/core/packet.hpp"
#include "palimpsest/rule/factor_rule.hpp"

namespace palimpsest {

/// What a rule may look at: the gates of one write, in the order of its list, and ‖k‖². Also their gradients.
template <class T, std::size_t n>
struct Write {
  std::array<T, n> gates;
  T squared_norm = 0;
};

/// (a, ε, w) of one write as its rule has them. Also their gradients.
template <class T>
struct WriteShares {
  T decay, erased, write;
};

/// (a, e, w) of one write. Also their gradients.
template <class T>
struct WriteStep {
  T decay, erase, write;
};

/// Many queries at once, and what they need of a chunk of n ≤ kChunk writes.
template <class T>
struct ManyQueries {
  static constexpr Index kChunk = 32;
  Matrix<T> U, S, H, overlap;                                       // p×N, n×N, p×n, n×n
  Vector<T> left = Vector<T>(kChunk), written = Vector<T>(kChunk);  // n

  /// C: L×N. A chunk of writes at a time, as products of matrices. With h_i the key that finds s_i in the query u as it
  /// comes to the chunk, and A_{i,j} = a_{i+1} … a_{j−1} what the writes between two leave,
  ///   s_i = h_i·u ,   h_i = A_{i,n} k_i − Σ_{j>i} A_{i,j} e_j (k_i·k_j) h_j ,
  ///   u ← A_{−1,n} u − Σ_j A_{−1,j} e_j s_j k_j .
  void coefficients(ConstMatrixView<T> K, const std::vector<WriteStep<T>>& all_steps, ConstMatrixView<T> Q,
                    MatrixView<T> C) {
    U = Q;
    for (Index last = K.cols(); last > 0; last -= H.cols()) {
      const Index first = std::max<Index>(0, last - kChunk), n = last - first;
      const auto k = K.middleCols(first, n);
      const WriteStep<T>* steps = all_steps.data() + first;
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

/// A rule derives from this and has
///   static WriteShares<T> shares(const Write<T, n>&)                              n: the number of its gates
///   static Write<T, n> shares_backward(const Write<T, n>&, const WriteShares<T>& d)   its adjoint
///   shares_again                                                                optional: as its adjoint has them
template <class Rule, class T>
struct Recurrence {
  static Index steps_per_write() { return 1; }

  // Per write, feature and query: k·u and u − e s k, 2 each; and back k·g, two terms of dk, and g + ds k, 8. A decay
  // multiplies u and g and has the gradient u·g; a norm is ‖k‖² and a term of dk. Many queries together also need the
  // products of a chunk's keys, and each key's with those after it.
  static Operations operations(const RuleShape& x) {
    const double forward = 4 + (decays() ? 1 : 0), backward = 8 + (decays() ? 3 : 0);
    const double norm = Rule::traits.looks_at_norm ? 2 : 0;
    const double among_keys = x.N > 1 ? 3 * std::min<double>(ManyQueries<T>::kChunk, x.L) : 0;
    return {x.L * x.p * (forward * x.N + norm + among_keys), x.L * x.p * (backward * x.N + norm)};
  }

  struct Workspace {
    std::vector<WriteStep<T>> steps;  // L, and one that does nothing
    Matrix<T> u;                      // p×⌈L/2⌉, the query as writes 2i and 2i + 1 found it
    Vector<T> s, overlap;             // 2⌈L/2⌉; ⌈L/2⌉, k_{2i}·k_{2i+1}
    Vector<T> g, next_g;              // p, the adjoint's, as two writes found and left it
    Vector<T> nothing, unused;        // p, the key of a write that isn't there, and what gets its gradient
    ManyQueries<T> many;
  };

  /// (a, e, w) of write t, whose key is k: p.
  static WriteStep<T> step(const T* k, Index p, const Writes<T>& writes, Index t) {
    return composed(Rule::shares(write(k, p, writes, t)), writes.retrieval(t));
  }

  /// For queries after any write: rule/factor_rule.hpp.
  static constexpr Structure structure_of() {
    return {decays() ? Decay::scalar : Decay::none, Rule::traits.retrieves ? Erase::along : Erase::none};
  }

  static void factors(ConstMatrixView<T> K, const Writes<T>& writes, Factors<T>& factors) {
    factors.resize(structure_of(), K.rows(), K.cols());
    factors.K = K;
    for (Index t = 0; t < K.cols(); ++t) {
      const auto shares = Rule::shares(write(column(K, t), K.rows(), writes, t));
      factors.w(t) = shares.write;
      if (decays()) factors.log_decay(0, t) = std::log(std::max(shares.decay, std::numeric_limits<T>::min()));
      if (Rule::traits.retrieves) factors.erase(t) = shares.erased * writes.retrieval(t);
    }
  }

  static void factors_backward(ConstMatrixView<T> K, const Writes<T>& writes, const Factors<T>& d, MatrixView<T> dK,
                               Writes<T>& dwrites) {
    dK += d.K;
    for (Index t = 0; t < K.cols(); ++t) {
      const auto at = write(column(K, t), K.rows(), writes, t);
      const auto shares = Rule::shares(at);
      WriteShares<T> dshares{0, 0, d.w(t)};
      if (decays()) dshares.decay = d.log_decay(0, t) / std::max(shares.decay, std::numeric_limits<T>::min());
      if (Rule::traits.retrieves) {
        dshares.erased = d.erase(t) * writes.retrieval(t);
        dwrites.retrieval(t) += shares.erased * d.erase(t);
      }
      const auto dwrite = Rule::shares_backward(at, dshares);
      for (std::size_t i = 0; i < Rule::gates.size(); ++i)
        dwrites.gates[i](0, Rule::gates[i].constant ? 0 : t) += dwrite.gates[i];
      if (Rule::traits.looks_at_norm) dK.col(t) += 2 * dwrite.squared_norm * K.col(t);
    }
  }

  void coefficients(ConstMatrixView<T> K, const Writes<T>& writes, ConstMatrixView<T> Q, MatrixView<T> C,
                    Workspace& work) const {
    work.steps.resize(static_cast<std::size_t>(K.cols() + 1));
    for (Index t = 0; t < K.cols(); ++t) work.steps[t] = step(column(K, t), K.rows(), writes, t);
    work.steps.back() = {1, 0, 0};
    if (Q.cols() == 1) {
      carry(K, Q.col(0), work);
      for (Index t = 0; t < K.cols(); ++t) C(t, 0) = work.steps[t].write * work.s(t);
    } else {
      work.many.coefficients(K, work.steps, Q, C);
    }
  }

  void backward(Index first, ConstMatrixView<T> K, const Writes<T>& writes, ConstMatrixView<T> Q, ConstMatrixView<T>,
                ConstMatrixView<T> dC, Workspace& work, MatrixView<T> dK, Writes<T>& dwrites, MatrixView<T> dQ,
                const Division<T>& division = {}) const {
    const Index L = std::ssize(work.steps) - 1;
    for (Index n = 0; n < Q.cols(); ++n) {
      if (Q.cols() > 1) carry(K, Q.col(n), work);
      if (first == 0) work.g = work.next_g = work.nothing;
      Keys keys = keys_of(K, 0, work);
      Products kg = products(keys, work.g.data(), K.rows());
      for (Index i = 0; i < K.cols(); i += 2) {
        const Keys next = keys_of(K, i + 2, work);
        kg = two_writes_backward(first, i, keys, next, kg, writes, division, dC.col(n), n > 0, work, dK, dwrites);
        keys = next;
      }
      if (first + K.cols() == L) dQ.col(n) += work.g;
    }
  }

 private:
  // Writes go in pairs, 2i and 2i + 1, so that neither waits for what the other leaves: carried backwards, the second
  // finds s' = k'·u and the first then s = k·(a' u − e' s' k') = a' (k·u) − e' s' (k·k'). Nor does a pair wait for the
  // whole of what the one before it leaves: its products with that are made on the way.

  /// Keys of a pair. What has no second write, or isn't there at all, has keys that do nothing.
  struct Keys {
    const T *first, *second;
  };

  /// Of a pair's keys with a vector, and with each other.
  struct Products {
    T first, second, overlap;
  };

  static Keys keys_of(const ConstMatrixView<T>& K, Index i, const Workspace& work) {
    const auto key = [&](Index t) { return t < K.cols() ? column(K, t) : work.nothing.data(); };
    return {key(i), key(i + 1)};
  }

  static Products products(const Keys& keys, const T* x, Index p) {
    return {dot(keys.first, x, p), dot(keys.second, x, p), dot(keys.first, keys.second, p)};
  }

  /// a of a write, known to be 1 without decay.
  static T kept(const WriteStep<T>& step) { return decays() ? step.decay : T(1); }

  static void carry(const ConstMatrixView<T>& K, ConstVectorView<T> q, Workspace& work) {
    const Index p = K.rows(), pairs = (K.cols() + 1) / 2;
    work.u.resize(p, pairs);
    work.s.resize(2 * pairs);
    work.overlap.resize(pairs);
    for (auto* vector : {&work.nothing, &work.unused}) vector->setZero(p);
    if (pairs == 0) return;
    work.u.col(pairs - 1) = q;
    Keys keys = keys_of(K, 2 * (pairs - 1), work);
    Products ku = products(keys, q.data(), p);
    for (Index i = pairs - 1; i >= 0; --i) {
      const WriteStep<T> one = work.steps[2 * i], two = work.steps[2 * i + 1];
      const T s2 = ku.second, es2 = two.erase * s2, s = kept(two) * ku.first - es2 * ku.overlap;
      work.s(2 * i) = s;
      work.s(2 * i + 1) = s2;
      work.overlap(i) = ku.overlap;
      if (i == 0) break;
      const Keys next = keys_of(K, 2 * (i - 1), work);
      ku = leave(kept(one), one.erase * s, kept(two), es2, keys, next, column(work.u, i), p, column(work.u, i - 1));
      keys = next;
    }
  }

  /// The query that a pair of writes leaves, and its products with the next pair's keys.
  static Products leave(T a, T es, T a2, T es2, const Keys& keys, const Keys& next, const T* u, Index p, T* left) {
    PacketSum<T> first, second, overlap;
    for_each_packet<T>(p, [&](auto at) {
      const auto v = a * (a2 * at.load(u) - es2 * at.load(keys.second)) - es * at.load(keys.first);
      at.store(v, left);
      const auto k = at.load(next.first), k2 = at.load(next.second);
      at.add(k * v, first);
      at.add(k2 * v, second);
      at.add(k * k2, overlap);
    });
    return {first.value(), second.value(), overlap.value()};
  }

  /// What a key gets from the u and the g that its write found: dk += by_u u − by_g g + ones 1 + own k.
  struct Pull {
    T by_u, by_g, ones, own;
  };

  /// Adjoint of writes i and i + 1 of a block. kg: products of their keys with g; returned: those of the next pair's
  /// with the g that these leave.
  static Products two_writes_backward(Index first, Index i, const Keys& keys, const Keys& next, const Products& kg,
                                      const Writes<T>& writes, const Division<T>& division, ConstVectorView<T> dC,
                                      bool accumulate, Workspace& work, MatrixView<T>& dK, Writes<T>& dwrites) {
    const Index t = first + i, p = dK.rows();
    const bool pair = i + 1 < dK.cols();
    const WriteStep<T> one = work.steps[t], two = work.steps[t + 1];
    const T *g = work.g.data(), *u2 = column(work.u, t / 2);  // u2 as the second finds it
    const T s = work.s(t), s2 = work.s(t + 1), es2 = two.erase * s2, overlap = work.overlap(t / 2);
    const T dc = dC(i), ds = one.write * dc - one.erase * kg.first;
    const T k2h = kept(one) * kg.second + ds * overlap;
    const T dc2 = pair ? dC(i + 1) : T(0), ds2 = two.write * dc2 - two.erase * k2h;
    const Products next_kg = advance(kept(one), ds, kept(two), ds2, keys, next, g, p, work.next_g.data());

    T da = 0, da2 = 0;
    if (decays()) {
      const T ug = dot(u2, g, p);
      da = kept(two) * ug - es2 * kg.second;
      da2 = kept(one) * ug + ds * dot(u2, keys.first, p);
    }
    const Pull pull =
        close_step(one, {da, -s * kg.first, s * dc}, ds, s, kg.first, keys.first, t, writes, division, p, dwrites);
    Pull pull2{0, 0, 0, 0};
    if (pair)
      pull2 =
          close_step(two, {da2, -s2 * k2h, s2 * dc2}, ds2, s2, k2h, keys.second, t + 1, writes, division, p, dwrites);
    T *dk = column(dK, i), *dk2 = pair ? column(dK, i + 1) : work.unused.data();
    const auto gradients = [&](auto accumulates) {
      for_each_packet<T>(p, [&](auto at) {
        const auto k = at.load(keys.first), k2 = at.load(keys.second), second = at.load(u2), before = at.load(g);
        const auto u = kept(two) * second - es2 * k2, h = kept(one) * before + ds * k;
        const auto d = pull.ones + pull.by_u * u - pull.by_g * before + pull.own * k;
        const auto d2 = pull2.ones + pull2.by_u * second - pull2.by_g * h + pull2.own * k2;
        at.store(accumulates ? at.load(dk) + d : d, dk);
        at.store(accumulates ? at.load(dk2) + d2 : d2, dk2);
      });
    };
    if (accumulate)
      gradients(std::true_type());
    else
      gradients(std::false_type());
    work.g.swap(work.next_g);
    return next_kg;
  }

  /// The g that a pair of writes leaves, and its products with the next pair's keys.
  static Products advance(T a, T ds, T a2, T ds2, const Keys& keys, const Keys& next, const T* g, Index p, T* left) {
    PacketSum<T> first, second;
    for_each_packet<T>(p, [&](auto at) {
      const auto v = a2 * (a * at.load(g) + ds * at.load(keys.first)) + ds2 * at.load(keys.second);
      at.store(v, left);
      at.add(at.load(next.first) * v, first);
      at.add(at.load(next.second) * v, second);
    });
    return {first.value(), second.value(), 0};
  }

  static constexpr bool decays() { return index_of(Rule::gates, kAlpha.name) >= 0; }

  static WriteStep<T> composed(const WriteShares<T>& shares, T retrieval) {
    return {shares.decay, shares.decay * shares.erased * retrieval, shares.write};
  }

  /// What write t may look at; its key is k.
  static auto write(const T* k, Index p, const Writes<T>& writes, Index t) {
    Write<T, Rule::gates.size()> write;
    for (std::size_t i = 0; i < Rule::gates.size(); ++i)
      write.gates[i] = writes.gates[i](0, Rule::gates[i].constant ? 0 : t);
    write.squared_norm = Rule::traits.looks_at_norm ? dot(k, k, p) : T(0);
    return write;
  }

  /// From the gradients d of (a, e, w) of write t to those of its gates, and what its key k gets. kg: k·g.
  static Pull close_step(const WriteStep<T>& step, const WriteStep<T>& d, T ds, T s, T kg, const T* k, Index t,
                         const Writes<T>& writes, const Division<T>& division, Index p, Writes<T>& dwrites) {
    const auto at = write(k, p, writes, t);
    const T retrieval = writes.retrieval(t);
    const auto shares = [&] {
      if constexpr (requires { Rule::shares_again(at); }) return Rule::shares_again(at);
      return Rule::shares(at);
    }();
    const auto dwrite = Rule::shares_backward(
        at, {d.decay + shares.erased * retrieval * d.erase, shares.decay * retrieval * d.erase, d.write});
    for (std::size_t i = 0; i < Rule::gates.size(); ++i)
      dwrites.gates[i](0, Rule::gates[i].constant ? 0 : t) += dwrite.gates[i];
    dwrites.retrieval(t) += shares.decay * shares.erased * d.erase;
    const T es = step.erase * s, own = Rule::traits.looks_at_norm ? 2 * dwrite.squared_norm : T(0);
    if (division.scale == nullptr) return {ds, es, 0, own};
    const T scale = (*division.scale)(t), along = ds * s - es * kg + own * at.squared_norm;  // k·dk
    return {scale * ds, scale * es, -scale * along * division.ones, scale * (own - along * division.own)};
  }
};

}  // namespace palimpsest
