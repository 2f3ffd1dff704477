// Bodies of memory/token_softmax.hpp; only what instantiates them includes this.
#pragma once

#include <algorithm>
#include <cmath>

#include "palimpsest/core/product.hpp"
#include "palimpsest/memory/token_softmax.hpp"

namespace palimpsest {

template <class T>
template <class F>
void TokenSoftmax<T>::for_each_block(const engine::Order& order, F&& f) const {
  const Index N = order.queries();
  for (Index from = order.asked_by(0); from < N; from += kQueries) {
    const Index count = std::min(kQueries, N - from);
    const Index first = first_write(order.after[from]);
    f(from, count, first, order.after[from + count - 1] - first);
  }
}

template <class T>
template <class C>
void TokenSoftmax<T>::hide(const engine::Order& order, Index from, Index first, T nothing, C&& c) const {
  for (Index i = 0; i < c.cols(); ++i) {
    const Index last = order.after[from + i];
    c.col(i).head(first_write(last) - first).setConstant(nothing);
    c.col(i).tail(first + c.rows() - last).setConstant(nothing);
  }
}

template <class T>
void TokenSoftmax<T>::read(ConstMatrixView<T> K, ConstMatrixView<T> V, ConstMatrixView<T>, ConstMatrixView<T> Q,
                           const std::vector<Index>& seen, MatrixView<T> Y, Kept& kept) {
  const T gain = T(1) / std::sqrt(T(K.rows()));
  kept.order.set(seen, K.cols(), Q.cols());
  kept.log_sum.resize(Q.cols());
  for (Index i = 0; i < kept.order.asked_by(0); ++i) Y.col(kept.order.query[i]).setZero();
  for_each_block(kept.order, [&](Index from, Index count, Index first, Index writes) {
    auto queries = queries_(Q.rows(), count);
    kept.order.gather(Q, from, queries);
    auto C = C_(writes, count);
    set_product<T>(K.middleCols(first, writes).transpose(), queries, C);
    C *= gain;
    hide(kept.order, from, first, -std::numeric_limits<T>::infinity(), C);
    for (Index i = 0; i < count; ++i) {
      const T most = C.col(i).maxCoeff();
      C.col(i) = (C.col(i).array() - most).exp();
      const T sum = C.col(i).sum();
      C.col(i) /= sum;
      kept.log_sum(from + i) = most + std::log(sum);
    }
    auto answers = answers_(Y.rows(), count);
    set_product<T>(V.middleCols(first, writes), C, answers);
    kept.order.scatter(answers, from, Y);
  });
}

template <class T>
void TokenSoftmax<T>::backward(ConstMatrixView<T> K, ConstMatrixView<T> V, ConstMatrixView<T>, ConstMatrixView<T> Q,
                               ConstMatrixView<T> dY, Kept& kept, MatrixView<T> dK, MatrixView<T> dV, MatrixView<T>,
                               MatrixView<T> dQ) {
  const T gain = T(1) / std::sqrt(T(K.rows()));
  for_each_block(kept.order, [&](Index from, Index count, Index first, Index writes) {
    auto queries = queries_(Q.rows(), count), dqueries = dqueries_(Q.rows(), count), dy = answers_(dY.rows(), count);
    kept.order.gather(Q, from, queries);
    kept.order.gather(dY, from, dy);
    queries *= gain;
    const auto keys = K.middleCols(first, writes), values = V.middleCols(first, writes);
    auto C = C_(writes, count), dC = dC_(writes, count);
    set_product<T>(keys.transpose(), queries, C);
    C.array().rowwise() -= kept.log_sum.segment(from, count).transpose().array();
    C = C.array().exp();
    hide(kept.order, from, first, T(0), C);
    add_product<T>(dy, C.transpose(), dV.middleCols(first, writes));
    set_product<T>(values.transpose(), dy, dC);
    for (Index i = 0; i < count; ++i)
      dC.col(i).array() = C.col(i).array() * (dC.col(i).array() - C.col(i).dot(dC.col(i)));
    add_product<T>(queries, dC.transpose(), dK.middleCols(first, writes));
    set_product<T>(keys, dC, dqueries);
    dqueries *= gain;
    kept.order.scatter_add(dqueries, from, dQ);
  });
}

}  // namespace palimpsest
