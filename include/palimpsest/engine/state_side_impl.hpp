// Bodies of state_side.hpp. Only a source that instantiates includes it.
#pragma once

#include "palimpsest/core/product.hpp"
#include "palimpsest/engine/solve.hpp"
#include "palimpsest/engine/state_side.hpp"

namespace palimpsest::engine {

template <class T>
template <class Values>
void StateSide<T>::read_any(const Factors<T>& factors, const Values& values, const ConstMatrixView<T>& Q,
                            const std::vector<Index>& after, MatrixView<T>& Y, Kept& kept, Ends<T> ends, Index chunk) {
  const Index p = factors.features(), L = factors.writes(), N = Q.cols(), d_v = values.rows();
  const Erase erase = factors.structure.erase;
  const bool erases = factors.structure.erases();
  const Index sides = factors.structure.sides();
  assert(fits(factors) && Q.rows() == p && Y.rows() == d_v && Y.cols() == N && chunk > 0);
  kept.chunk = chunk;
  kept.order.set(after, L, N);
  kept.among.resize(erases ? sides * chunk : 0, L);
  kept.asked.resize(sides * chunk, N);
  kept.Z.resize(erases ? d_v : 0, L);
  kept.W.resize(d_v, std::max<Index>(1, (L + chunk - 1) / chunk) * p);
  kept.goes_on = ends.first != nullptr;

  Written<T, Values> written(values, written_);
  auto W = state_(d_v, p);
  if (kept.goes_on)
    kept.W.leftCols(p) = W = *ends.first;
  else
    W.setZero();
  for (Index i = 0; i < kept.order.asked_by(0); ++i) {
    const Index n = kept.order.query[i];
    if (kept.goes_on)
      Y.col(n).noalias() = W * Q.col(n);
    else
      Y.col(n).setZero();
  }
  const Index last = ends.last ? L : kept.order.seen();
  for (Index first = 0; first < last; first += chunk) {
    const Index n = std::min(chunk, L - first), from = kept.order.asked_by(first);
    const Index m = kept.order.asked_by(first + n) - from, own = erases ? n : 0;
    chunk_.set(factors, first, n);
    written.set(first, factors.w.segment(first, n));
    kept.W.middleCols(first / chunk * p, p) = W;

    auto start = start_(p, own + m);  // [Ã, G u]
    auto queries = queries_(p, m);
    kept.order.gather(Q, from, queries);
    kept.order.positions(from, m, first, n, seen_);
    auto asked = kept.asked.block(0, from, sides * n, m);
    auto among = kept.among.block(0, first, erases ? sides * n : 0, own);
    chunk_.meet(queries, seen_, asked, start.rightCols(m));
    if (erases) chunk_.meet(chunk_.A(), chunk_.before(), among, start.leftCols(n));

    auto found = found_(d_v, own + m);  // W [Ã, G u]
    if (first > 0 || kept.goes_on)
      set_product<T>(W, start, found);
    else
      found.setZero();
    auto y = found.rightCols(m);
    auto Z = kept.Z.middleCols(first, n);
    switch (erase) {
      case Erase::none:
        written.add_product(asked, y);
        break;
      case Erase::along:
        Z = found.leftCols(n);
        written.add_to(Z);
        solve<T>(among, Z);
        add_product<T>(Z, asked, y);
        break;
      case Erase::free:
        Z = found.leftCols(n);
        written.add_product(among.bottomRows(n), Z);
        solve<T>(among.topRows(n), Z);
        add_product<T>(Z, asked.topRows(n), y);
        written.add_product(asked.bottomRows(n), y);
        break;
    }
    kept.order.scatter(y, from, Y);
    if (first + n >= last && !ends.last) break;

    auto to_end = ends_(p, sides * n);
    chunk_.to_end(to_end);
    chunk_.pass(W);
    if (erases) add_product<T>(Z, to_end.leftCols(n).transpose(), W);
    if (erase != Erase::along) written.add_product(to_end.rightCols(n).transpose(), W);
  }
  if (ends.last) *ends.last = W;
}

template <class T>
template <class Values>
void StateSide<T>::read_any_backward(const Factors<T>& factors, const Values& values, const ConstMatrixView<T>& Q,
                                     const ConstMatrixView<T>& dY, const Kept& kept, Factors<T>& dfactors,
                                     MatrixView<T>& dQ, std::optional<MatrixView<T>> dV) {
  const Index p = factors.features(), L = factors.writes(), d_v = values.rows(), chunk = kept.chunk;
  const Erase erase = factors.structure.erase;
  const bool erases = factors.structure.erases();
  const Index sides = factors.structure.sides(), last = kept.order.seen();
  assert(dY.rows() == d_v && dY.cols() == Q.cols() && dQ.rows() == p && dQ.cols() == Q.cols());
  Written<T, Values> written(values, written_);
  auto dW = dW_(d_v, p);
  for (Index i = 0; kept.goes_on && i < kept.order.asked_by(0); ++i) {
    const Index n = kept.order.query[i];
    dQ.col(n).noalias() += kept.W.leftCols(p).transpose() * dY.col(n);
  }
  for (Index first = (last - 1) / chunk * chunk; first >= 0 && last > 0; first -= chunk) {
    const Index n = std::min(chunk, L - first), from = kept.order.asked_by(first);
    const Index m = kept.order.asked_by(first + n) - from, own = erases ? n : 0;
    const bool is_followed = first + n < last;  // else nothing comes back through the state
    chunk_.set(factors, first, n);
    written.set(first, factors.w.segment(first, n));
    const auto W = kept.W.middleCols(first / chunk * p, p);
    const auto Z = kept.Z.middleCols(first, n);
    const auto asked = kept.asked.block(0, from, sides * n, m);
    const auto among = kept.among.block(0, first, erases ? sides * n : 0, own);
    auto queries = queries_(p, m);
    kept.order.gather(Q, from, queries);
    kept.order.positions(from, m, first, n, seen_);

    auto gradient = gradient_(d_v, own + m);  // [F, dY]
    auto F = gradient.leftCols(own);
    auto dy = gradient.rightCols(m);
    kept.order.gather(dY, from, dy);
    auto ends = ends_(p, sides * n), dends = dends_(p, sides * n);
    if (is_followed) chunk_.to_end(ends);
    if (erases) {
      set_product<T>(dy, asked.topRows(n).transpose(), F);
      if (is_followed) add_product<T>(dW, ends.leftCols(n), F);
      solve_transposed<T>(among.topRows(n), F);
      if (is_followed) set_product<T>(dW.transpose(), Z, dends.leftCols(n));
    }
    auto dP = dP_(sides * n, own + m);
    if (erase == Erase::along) {
      written.add_to_backward(F);
      set_product<T>(Z.transpose(), gradient, dP);
    } else {
      written.add_product_backward(dy, asked.bottomRows(n));
      if (erases) written.add_product_backward(F, among.bottomRows(n));
      if (is_followed) written.add_product_backward(dW, ends.rightCols(n).transpose());
      if (erases) set_product<T>(Z.transpose(), gradient, dP.topRows(n));
      written.transposed_product(gradient, dP.bottomRows(n));
      if (is_followed) written.transposed_product(dW, dends.rightCols(n).transpose());
    }
    written.close(first, dfactors.w, dV);

    auto dstart = dstart_(p, own + m);
    if (first > 0 || kept.goes_on) {
      set_product<T>(W.transpose(), gradient, dstart);
      auto start = start_(p, own + m);
      chunk_.to_start(queries, seen_, start.rightCols(m));
      if (erases) chunk_.to_start(chunk_.A(), chunk_.before(), start.leftCols(n));
      if (is_followed) {
        chunk_.pass_backward(W, dW);
        add_product<T>(gradient, start.transpose(), dW);
      } else {
        set_product<T>(gradient, start.transpose(), dW);
      }
    } else {
      dstart.setZero();
    }
    auto dqueries = dqueries_(p, m);
    chunk_.meet_backward(queries, seen_, dP.rightCols(m), dstart.rightCols(m), dqueries);
    if (erases) chunk_.meet_backward(chunk_.A(), chunk_.before(), dP.leftCols(n), dstart.leftCols(n), chunk_.dA());
    if (is_followed) chunk_.to_end_backward(dends);
    chunk_.close(dfactors);
    kept.order.scatter_add(dqueries, from, dQ);
  }
}

template <class T>
void StateSide<T>::read(const Factors<T>& factors, const OneHot& values, ConstMatrixView<T> Q,
                        const std::vector<Index>& after, MatrixView<T> Y, Kept& kept, Ends<T> ends, Index chunk) {
  read_any(factors, values, Q, after, Y, kept, ends, chunk);
}

template <class T>
void StateSide<T>::read(const Factors<T>& factors, const Dense<T>& values, ConstMatrixView<T> Q,
                        const std::vector<Index>& after, MatrixView<T> Y, Kept& kept, Ends<T> ends, Index chunk) {
  read_any(factors, values, Q, after, Y, kept, ends, chunk);
}

template <class T>
void StateSide<T>::read_backward(const Factors<T>& factors, const OneHot& values, ConstMatrixView<T> Q,
                                 ConstMatrixView<T> dY, const Kept& kept, Factors<T>& dfactors, MatrixView<T> dQ) {
  read_any_backward(factors, values, Q, dY, kept, dfactors, dQ, std::nullopt);
}

template <class T>
void StateSide<T>::read_backward(const Factors<T>& factors, const Dense<T>& values, ConstMatrixView<T> Q,
                                 ConstMatrixView<T> dY, const Kept& kept, Factors<T>& dfactors, MatrixView<T> dQ,
                                 std::optional<MatrixView<T>> dV) {
  read_any_backward(factors, values, Q, dY, kept, dfactors, dQ, dV);
}

}  // namespace palimpsest::engine
