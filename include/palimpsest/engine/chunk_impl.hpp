// Bodies of chunk.hpp; chunk_blocks_impl.hpp has those of diagonal decays. Only a source that instantiates includes it.
#pragma once

#include "palimpsest/core/product.hpp"
#include "palimpsest/engine/chunk.hpp"
#include "palimpsest/engine/chunk_blocks_impl.hpp"

namespace palimpsest::engine {

template <class T>
void Chunk<T>::set(const Factors<T>& factors, Index first, Index n) {
  factors_ = &factors;
  structure_ = factors.structure;
  first_ = first, n_ = n, p_ = factors.features(), sides_ = structure_.sides();
  auto L = L_(p_, sides_ * n);
  if (sides_ == 2) L.leftCols(n) = factors.B.middleCols(first, n);
  L.rightCols(n) = factors.K.middleCols(first, n);
  dL_(p_, sides_ * n).setZero();
  if (structure_.decays()) set_decays();
  if (!structure_.erases()) return;

  before_.resize(static_cast<std::size_t>(n));
  for (Index i = 0; i < n; ++i) before_[i] = i;
  auto A = A_(p_, n);
  dA_(p_, n);
  if (structure_.erase == Erase::free) {
    A = factors.A.middleCols(first, n);
    return;
  }
  A.noalias() = L * (-factors.erase.segment(first, n)).asDiagonal();
  if (structure_.decay == Decay::scalar) A.array().rowwise() *= each_().row(0).array();
  if (structure_.decay == Decay::diagonal) A.array() *= each_().array();
}

template <class T>
void Chunk<T>::set_decays() {
  const auto logs = factors_->log_decay.middleCols(first_, n_);
  const Index rows = logs.rows();
  auto each = each_(rows, n_), start = start_(rows, n_ + 1), end = end_(rows, n_);
  each = logs.array().exp();
  start.col(0).setZero();
  for (Index t = 0; t < n_; ++t) start.col(t + 1) = start.col(t) + logs.col(t);
  start = start.array().exp();
  end.col(n_ - 1).setZero();
  for (Index t = n_ - 1; t > 0; --t) end.col(t - 1) = end.col(t) + logs.col(t);
  end = end.array().exp();
  dc_(rows, n_ + 1).setZero();
  if (structure_.decay == Decay::diagonal) return set_diagonal();

  auto between = between_(n_, n_ + 1);
  between.setZero();
  for (Index e = 1; e <= n_; ++e) {
    between.col(e).head(e - 1) = between.col(e - 1).head(e - 1) * each(0, e - 1);
    between(e - 1, e) = 1;
  }
}

/// Multiplies P (sides·n×m) by G, which is 0 where nothing is seen.
template <class T>
void Chunk<T>::weigh(const std::vector<Index>& seen, MatrixView<T>& P) {
  for (Index m = 0; m < P.cols(); ++m)
    for (Index side = 0; side < sides_; ++side) {
      auto products = P.col(m).segment(side * n_, n_);
      if (structure_.decay == Decay::scalar)
        products.array() *= between_().col(seen[m]).array();
      else
        products.tail(n_ - seen[m]).setZero();
    }
}

template <class T>
void Chunk<T>::meet(const ConstMatrixView<T>& R, const std::vector<Index>& seen, MatrixView<T> P, MatrixView<T> S) {
  if (structure_.decay == Decay::diagonal) return meet_in_blocks(R, seen, P, S);
  set_product<T>(L_().transpose(), R, P);
  weigh(seen, P);
  to_start(R, seen, S);
}

template <class T>
void Chunk<T>::meet_backward(const ConstMatrixView<T>& R, const std::vector<Index>& seen, MatrixView<T> dP,
                             const ConstMatrixView<T>& dS, MatrixView<T> dR) {
  if (structure_.decay == Decay::diagonal) {
    dR = dS;
    meet_in_blocks_backward(R, seen, dP, dR);
  } else {
    to_start(dS, seen, dR);
    weigh(seen, dP);
    add_product<T>(L_(), dP, dR);
    add_product<T>(R, dP.transpose(), dL_());
  }
  if (!structure_.decays()) return;
  for (Index m = 0; m < R.cols(); ++m) add_to_position(seen[m], 1, R.col(m), dR.col(m));
}

template <class T>
void Chunk<T>::to_start(const ConstMatrixView<T>& R, const std::vector<Index>& seen, MatrixView<T> S) {
  switch (structure_.decay) {
    case Decay::none:
      S = R;
      return;
    case Decay::scalar:
      for (Index m = 0; m < R.cols(); ++m) S.col(m) = start_()(0, seen[m]) * R.col(m);
      return;
    case Decay::diagonal:
      for (Index m = 0; m < R.cols(); ++m) S.col(m) = start_().col(seen[m]).cwiseProduct(R.col(m));
      return;
  }
}

/// dc_t += ± x ∘ y, summed where all features have one decay.
template <class T>
template <class X, class Y>
void Chunk<T>::add_to_position(Index t, T sign, const X& x, const Y& y) {
  if (structure_.decay == Decay::scalar)
    dc_()(0, t) += sign * x.dot(y);
  else
    dc_().col(t) += sign * x.cwiseProduct(y);
}

template <class T>
void Chunk<T>::to_end(MatrixView<T> ends) {
  ends = L_();
  for (Index side = 0; side < sides_; ++side) {
    auto own = ends.middleCols(side * n_, n_);
    if (structure_.decay == Decay::scalar) own.array().rowwise() *= end_().row(0).array();
    if (structure_.decay == Decay::diagonal) own.array() *= end_().array();
  }
}

template <class T>
void Chunk<T>::to_end_backward(const ConstMatrixView<T>& dends) {
  if (!structure_.decays()) {
    dL_() += dends;
    return;
  }
  for (Index side = 0; side < sides_; ++side)
    for (Index i = 0; i < n_; ++i) {
      const Index at = side * n_ + i;
      auto moved = moved_(p_, 1);
      if (structure_.decay == Decay::scalar)
        moved = end_()(0, i) * dends.col(at);
      else
        moved = end_().col(i).cwiseProduct(dends.col(at));
      dL_().col(at) += moved;
      add_to_position(n_, 1, L_().col(at), moved.col(0));
    }
}

template <class T>
void Chunk<T>::pass(MatrixView<T> W) {
  if (structure_.decay == Decay::scalar) W *= start_()(0, n_);
  if (structure_.decay == Decay::diagonal) W.array().rowwise() *= start_().col(n_).transpose().array();
}

template <class T>
void Chunk<T>::pass_backward(const ConstMatrixView<T>& W, MatrixView<T> dW) {
  pass(dW);
  if (structure_.decay == Decay::scalar) dc_()(0, n_) += W.cwiseProduct(dW).sum();
  if (structure_.decay == Decay::diagonal) dc_().col(n_) += W.cwiseProduct(dW).colwise().sum().transpose();
}

template <class T>
void Chunk<T>::close(Factors<T>& gradient) {
  const auto L = L_(), dL = dL_();
  if (sides_ == 2) gradient.B.middleCols(first_, n_) += dL.leftCols(n_);
  gradient.K.middleCols(first_, n_) += dL.rightCols(n_);
  if (structure_.decays()) {
    for (Index side = 0; side < sides_; ++side)
      for (Index i = 0; i < n_; ++i) add_to_position(i + 1, -1, L.col(side * n_ + i), dL.col(side * n_ + i));
    auto dc = dc_();
    for (Index t = n_ - 1; t >= 0; --t) {  // dc_{t+1} becomes the sum over all s > t
      if (t + 1 < n_) dc.col(t + 1) += dc.col(t + 2);
      gradient.log_decay.col(first_ + t) += dc.col(t + 1);
    }
  }
  if (structure_.erase == Erase::free) gradient.A.middleCols(first_, n_) += dA_();
  if (structure_.erase != Erase::along) return;

  // a = −e D k
  const auto A = A_(), dA = dA_();
  auto k = moved_(p_, 1);
  for (Index i = 0; i < n_; ++i) {
    const T e = factors_->erase(first_ + i);
    auto dk = gradient.K.col(first_ + i);
    switch (structure_.decay) {
      case Decay::none:
        k = L.col(i);
        dk -= e * dA.col(i);
        break;
      case Decay::scalar:
        k = each_()(0, i) * L.col(i);
        dk -= e * each_()(0, i) * dA.col(i);
        gradient.log_decay(0, first_ + i) += A.col(i).dot(dA.col(i));
        break;
      case Decay::diagonal:
        k = each_().col(i).cwiseProduct(L.col(i));
        dk -= e * each_().col(i).cwiseProduct(dA.col(i));
        gradient.log_decay.col(first_ + i) += A.col(i).cwiseProduct(dA.col(i));
        break;
    }
    gradient.erase(first_ + i) -= k.col(0).dot(dA.col(i));
  }
}

}  // namespace palimpsest::engine
