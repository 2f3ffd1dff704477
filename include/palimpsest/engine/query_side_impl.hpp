// Bodies of query_side.hpp. Only a source that instantiates includes it.
#pragma once

#include "palimpsest/core/product.hpp"
#include "palimpsest/engine/query_side.hpp"
#include "palimpsest/engine/solve.hpp"

namespace palimpsest::engine {

template <class T>
void QuerySide<T>::coefficients(const Factors<T>& factors, ConstMatrixView<T> Q, const std::vector<Index>& after,
                                MatrixView<T> C, Kept& kept, Index chunk) {
  const Index p = factors.features(), L = factors.writes(), N = Q.cols(), chunks = (L + chunk - 1) / chunk;
  const Structure structure = factors.structure;
  assert(fits(factors) && Q.rows() == p && C.rows() == L && C.cols() == N && chunk > 0);
  const bool free = structure.erase == Erase::free;
  kept.chunk = chunk;
  kept.order.set(after, L, N);
  kept.begin.assign(static_cast<std::size_t>(chunks + 1), 0);
  for (Index i = 0; i < chunks; ++i) kept.begin[i + 1] = kept.begin[i] + N - kept.order.asked_by(i * chunk);
  const Index all = kept.begin.back();
  kept.among.resize(structure.erases() ? structure.sides() * chunk : 0, L);
  kept.U.resize(p, all);
  kept.found.resize(chunk, all);
  kept.X.resize(free ? chunk : 0, all);

  C.setZero();
  auto u = u_(p, N);
  kept.order.gather(Q, 0, u);
  for (Index i = chunks - 1; i >= 0; --i) {
    const Index first = i * chunk, n = std::min(chunk, L - first), from = kept.order.asked_by(first), m = N - from;
    if (m == 0) continue;
    chunk_.set(factors, first, n);
    kept.order.positions(from, m, first, n, seen_);
    auto U = kept.U.middleCols(kept.begin[i], m);
    auto found = kept.found.block(0, kept.begin[i], n, m);
    U = u.rightCols(m);
    auto P = products_(structure.sides() * n, m);
    if (!structure.erases()) {
      chunk_.meet(U, seen_, P, u.rightCols(m));
      found = P;
    } else {
      chunk_.meet(U, seen_, P, u.rightCols(m));
      auto among = kept.among.block(0, first, structure.sides() * n, n);
      auto erased = erased_(p, n);
      chunk_.meet(chunk_.A(), chunk_.before(), among, erased);
      auto Xt = transposed_(m, n);  // (I − M) X = R, with queries as rows
      Xt = P.topRows(n).transpose();
      solve_transposed<T>(among.topRows(n), Xt);
      if (free) {
        auto X = kept.X.block(0, kept.begin[i], n, m);
        X = Xt.transpose();
        found = P.bottomRows(n);
        add_product<T>(among.bottomRows(n), X, found);
        add_product<T>(erased, X, u.rightCols(m));
      } else {
        found = Xt.transpose();
        add_product<T>(erased, found, u.rightCols(m));
      }
    }
    kept.order.scatter(factors.w.segment(first, n).asDiagonal() * found, from, C.middleRows(first, n));
  }
}

template <class T>
void QuerySide<T>::coefficients_backward(const Factors<T>& factors, ConstMatrixView<T> dC, const Kept& kept,
                                         Factors<T>& dfactors, MatrixView<T> dQ) {
  const Index p = factors.features(), L = factors.writes(), N = kept.order.queries(), chunk = kept.chunk;
  const Structure structure = factors.structure;
  assert(dC.rows() == L && dC.cols() == N && dQ.rows() == p && dQ.cols() == N);
  const bool free = structure.erase == Erase::free;
  auto du = du_(p, N);
  du.setZero();
  for (Index first = 0, i = 0; first < L; first += chunk, ++i) {
    const Index n = std::min(chunk, L - first), from = kept.order.asked_by(first), m = N - from;
    if (m == 0) break;
    chunk_.set(factors, first, n);
    kept.order.positions(from, m, first, n, seen_);
    const auto U = kept.U.middleCols(kept.begin[i], m);
    const auto found = kept.found.block(0, kept.begin[i], n, m);
    auto dc = dC_(n, m);
    kept.order.gather(dC.middleRows(first, n), from, dc);
    for (Index k = 0; k < m; ++k) dc.col(k).tail(n - seen_[k]).setZero();
    dfactors.w.segment(first, n) += dc.cwiseProduct(found).rowwise().sum();
    dc.array().colwise() *= factors.w.segment(first, n).array();  // dT

    auto dP = dP_(structure.sides() * n, m);
    dP.bottomRows(n) = dc;
    auto leaving = du.rightCols(m);
    if (structure.erases()) {
      const auto among = kept.among.block(0, first, structure.sides() * n, n);
      auto erased = erased_(p, n), derased = derased_(p, n);
      chunk_.to_start(chunk_.A(), chunk_.before(), erased);
      auto dXt = transposed_(m, n);
      if (free)
        set_product<T>(dc.transpose(), among.bottomRows(n), dXt);
      else
        dXt = dc.transpose();
      add_product<T>(leaving.transpose(), erased, dXt);
      solve<T>(among.topRows(n), dXt);
      dP.topRows(n) = dXt.transpose();
      const auto X = free ? kept.X.block(0, kept.begin[i], n, m) : found;
      auto damong = damong_(structure.sides() * n, n);
      set_product<T>(dP, X.transpose(), damong);
      set_product<T>(leaving, X.transpose(), derased);
      chunk_.meet_backward(chunk_.A(), chunk_.before(), damong, derased, chunk_.dA());
    }
    auto next = next_(p, m);
    chunk_.meet_backward(U, seen_, dP, leaving, next);
    leaving = next;
    chunk_.close(dfactors);
  }
  kept.order.scatter_add(du, 0, dQ);
}

}  // namespace palimpsest::engine
