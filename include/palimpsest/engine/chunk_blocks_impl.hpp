// Diagonal decays in chunk.hpp: blocks of writes within a chunk.
#pragma once

#include <algorithm>

#include "palimpsest/core/packet.hpp"
#include "palimpsest/core/product.hpp"
#include "palimpsest/engine/chunk.hpp"

namespace palimpsest::engine {

template <class T>
auto Chunk<T>::block(Index number, const std::vector<Index>& seen) const -> Block {
  const auto count_below = [&](Index e) { return std::lower_bound(seen.begin(), seen.end(), e) - seen.begin(); };
  const Index first = number * kBlock, end = std::min(first + kBlock, n_);
  return {first, end - first, count_below(first + 1), count_below(end)};
}

template <class T>
void Chunk<T>::set_diagonal() {
  const auto each = each_(), L = L_();
  auto block = block_(p_, blocks()), block_end = block_end_(p_, n_), ended = ended_(p_, sides_ * n_);
  for (Index b = 0; b < blocks(); ++b) {
    const Index first = b * kBlock, end = std::min(first + kBlock, n_);
    block_end.col(end - 1).setOnes();
    for (Index i = end - 1; i > first; --i) block_end.col(i - 1) = block_end.col(i).cwiseProduct(each.col(i));
    block.col(b) = factors_->log_decay.middleCols(first_ + first, end - first).rowwise().sum().array().exp();
  }
  for (Index side = 0; side < sides_; ++side)
    ended.middleCols(side * n_, n_) = L.middleCols(side * n_, n_).cwiseProduct(block_end);
}

/// V: p×m, becomes S.
template <class T>
void Chunk<T>::meet_in_blocks(const ConstMatrixView<T>& R, const std::vector<Index>& seen, MatrixView<T>& P,
                              MatrixView<T>& V) {
  const auto L = L_(), each = each_(), ended = ended_();
  V = R;
  P.setZero();
  for (Index number = blocks() - 1; number >= 0; --number) {
    const Block b = block(number, seen);
    for (Index m = b.inner; m < b.outer; ++m) {
      T *v = column(V, m), *products = column(P, m);
      for (Index i = seen[m] - 1; i >= b.first; --i) {
        const T *d = each.col(i).data(), *l = L.col(i).data(), *k = L.col((sides_ - 1) * n_ + i).data();
        PacketSum<T> with_l, with_k;
        if (sides_ == 1) {
          for_each_packet<T>(p_, [&](auto at) {
            const auto x = at.load(v);
            at.add(at.load(l) * x, with_l);
            at.store(at.load(d) * x, v);
          });
          products[i] = with_l.value();
        } else {
          for_each_packet<T>(p_, [&](auto at) {
            const auto x = at.load(v);
            at.add(at.load(l) * x, with_l);
            at.add(at.load(k) * x, with_k);
            at.store(at.load(d) * x, v);
          });
          products[i] = with_l.value();
          products[n_ + i] = with_k.value();
        }
      }
    }
    const Index outer = R.cols() - b.outer;
    if (outer == 0) continue;
    for (Index side = 0; side < sides_; ++side)
      set_product<T>(ended.middleCols(side * n_ + b.first, b.count).transpose(), V.rightCols(outer),
                     P.block(side * n_ + b.first, b.outer, b.count, outer));
    V.rightCols(outer).array().colwise() *= block_().col(number).array();
  }
}

/// The same without products: what meets each block's end.
template <class T>
void Chunk<T>::carry_in_blocks(const ConstMatrixView<T>& R, const std::vector<Index>& seen) {
  auto V = moved_(p_, R.cols()), carried = carried_(p_, R.cols() * blocks());
  const auto each = each_();
  V = R;
  for (Index number = blocks() - 1; number >= 0; --number) {
    const Block b = block(number, seen);
    const Index outer = R.cols() - b.outer;
    carried.middleCols(number * R.cols() + b.outer, outer) = V.rightCols(outer);
    if (number == 0) break;
    for (Index m = b.inner; m < b.outer; ++m)
      for (Index i = seen[m] - 1; i >= b.first; --i) V.col(m).array() *= each.col(i).array();
    V.rightCols(outer).array().colwise() *= block_().col(number).array();
  }
}

/// dR: on entry dS, the gradient at position 0; it goes from block to block up to where each right side belongs.
template <class T>
void Chunk<T>::meet_in_blocks_backward(const ConstMatrixView<T>& R, const std::vector<Index>& seen,
                                       const MatrixView<T>& dP, MatrixView<T>& dR) {
  carry_in_blocks(R, seen);
  const auto ended = ended_(), block_end = block_end_(), carried = carried_();
  auto dL = dL_();
  for (Index number = 0; number < blocks(); ++number) {
    const Block b = block(number, seen);
    for (Index m = b.inner; m < b.outer; ++m)
      meet_in_one_block_backward(column(R, m), b.first, seen[m], column(dP, m), column(dR, m));
    const Index outer = R.cols() - b.outer;
    if (outer == 0) continue;
    dR.rightCols(outer).array().colwise() *= block_().col(number).array();
    for (Index side = 0; side < sides_; ++side) {
      const auto products = dP.block(side * n_ + b.first, b.outer, b.count, outer);
      const auto at = side * n_ + b.first;
      add_product<T>(ended.middleCols(at, b.count), products, dR.rightCols(outer));
      auto dended = dended_(p_, b.count);
      set_product<T>(carried.middleCols(number * R.cols() + b.outer, outer), products.transpose(), dended);
      dL.middleCols(at, b.count) += dended.cwiseProduct(block_end.middleCols(b.first, b.count));
    }
  }
}

/// r sees the writes first … seen − 1 of its own block; dr: on entry the gradient at the block's start.
template <class T>
void Chunk<T>::meet_in_one_block_backward(const T* r, Index first, Index seen, const T* dP, T* dr) {
  auto trail = trail_(p_, kBlock);  // r as it meets write first + i
  const auto each = each_(), L = L_();
  auto dL = dL_();
  std::copy(r, r + p_, trail.col(seen - 1 - first).data());
  for (Index i = seen - 1; i > first; --i) trail.col(i - 1 - first) = trail.col(i - first).cwiseProduct(each.col(i));
  for (Index i = first; i < seen; ++i) {
    const Index other = (sides_ - 1) * n_ + i;
    const T *x = trail.col(i - first).data(), *d = each.col(i).data();
    const T *l = L.col(i).data(), *k = L.col(other).data();
    T *dl = dL.col(i).data(), *dk = dL.col(other).data();
    const T by_l = dP[i], by_k = dP[other];
    if (sides_ == 1) {
      for_each_packet<T>(p_, [&](auto at) {
        at.store(at.load(d) * at.load(dr) + by_l * at.load(l), dr);
        at.store(at.load(dl) + by_l * at.load(x), dl);
      });
    } else {
      for_each_packet<T>(p_, [&](auto at) {
        at.store(at.load(d) * at.load(dr) + by_l * at.load(l) + by_k * at.load(k), dr);
        at.store(at.load(dl) + by_l * at.load(x), dl);
        at.store(at.load(dk) + by_k * at.load(x), dk);
      });
    }
  }
}

}  // namespace palimpsest::engine
