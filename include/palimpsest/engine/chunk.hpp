// One chunk of n writes, as queries and the state need it. A write i has left sides l_i (its key k_i, and b_i where
// that is another vector). What looks back on the chunk is a right side r_m that sees the first e_m writes: a query, or
// a_j, which sees the j writes before it. With G(i, e) = D_{i+1} … D_{e−1} between write i and position e,
//   P_im = l_i·G(i, e_m) r_m  for i < e_m, else 0 ,   s_m = G(−1, e_m) r_m ,   l̃_i = G(i, n) l_i .
// Adjoint:
//   dl_i += Σ_m dP_im G(i, e_m) r_m + G(i, n) dl̃_i ,   dr_m = Σ_i dP_im G(i, e_m) l_i + G(−1, e_m) ds_m ,
// and by c_t = log(D_0 … D_{t−1}), since G(i, e) = exp(c_e − c_{i+1}), feature by feature
//   dc_{e_m} += r_m ∘ dr_m ,   dc_{i+1} −= l_i ∘ dl_i ,   dc_n += l̃_i ∘ dl̃_i ,   d log D_t += Σ_{s>t} dc_s .
// A pair between which log D_t doesn't stand is added and taken away again in the last sum, so that a gradient by log D
// has the rounding of the largest pair of its chunk.
//
// Scalar decays multiply LᵀR by a table of G. Diagonal ones stand between the factors of each product, and G isn't
// split at position 0, where exp(−c) overflows: writes go in blocks of 16, a right side beyond a block is brought to
// the block's end (a product of decays) and meets there left sides that were brought to it too (another one), as
// matrices; within its own block it goes back write by write. Every factor is a product of decays, ≤ 1, made of
// products or exponentials of sums but never of differences: −∞ is a decay of 0, and there is nothing to clamp.
//
// Source: Yang et al. 2024 (arXiv 2406.06484), section 3, for the form of the chunk; Yang et al. 2023 (arXiv
// 2312.06635), section 4, for blocks within it.
#pragma once

#include <vector>

#include "palimpsest/engine/scratch.hpp"
#include "palimpsest/rule/factors.hpp"

namespace palimpsest::engine {

/// Writes per chunk, unless told otherwise.
inline constexpr Index kChunk = 64;

template <class T>
class Chunk {
 public:
  static constexpr Index kBlock = 16;
  using View = typename Scratch<T>::View;

  /// The n writes from `first` on; gradients become 0.
  void set(const Factors<T>& factors, Index first, Index n);

  /// P: sides·n×m, first with b where there are two; S: p×m; R: p×m; seen: e of each column of R, ascending.
  void meet(const ConstMatrixView<T>& R, const std::vector<Index>& seen, MatrixView<T> P, MatrixView<T> S);

  /// Sets dR; overwrites dP, of which it reads what `meet` writes.
  void meet_backward(const ConstMatrixView<T>& R, const std::vector<Index>& seen, MatrixView<T> dP,
                     const ConstMatrixView<T>& dS, MatrixView<T> dR);

  /// S alone.
  void to_start(const ConstMatrixView<T>& R, const std::vector<Index>& seen, MatrixView<T> S);

  /// The right sides a_j (p×n, or nothing where nothing is erased), what they see, and where their gradient goes.
  View A() { return A_(); }
  View dA() { return dA_(); }
  const std::vector<Index>& before() const { return before_; }

  /// l̃: p×sides·n.
  void to_end(MatrixView<T> ends);
  void to_end_backward(const ConstMatrixView<T>& dends);

  /// W ← W G(−1, n), what the chunk leaves of the state before it. W: d_v×p.
  void pass(MatrixView<T> W);

  /// dW: by what is left, then by W.
  void pass_backward(const ConstMatrixView<T>& W, MatrixView<T> dW);

  /// Adds the gradients by K, log_decay, erase, A and B.
  void close(Factors<T>& gradient);

 private:
  /// The write at which a block ends, and the right sides that end within it and beyond it.
  struct Block {
    Index first, count, inner, outer;
  };

  Index blocks() const { return (n_ + kBlock - 1) / kBlock; }
  Block block(Index number, const std::vector<Index>& seen) const;
  void set_decays();
  void set_diagonal();
  void weigh(const std::vector<Index>& seen, MatrixView<T>& P);
  void meet_in_blocks(const ConstMatrixView<T>& R, const std::vector<Index>& seen, MatrixView<T>& P, MatrixView<T>& V);
  void carry_in_blocks(const ConstMatrixView<T>& R, const std::vector<Index>& seen);
  void meet_in_blocks_backward(const ConstMatrixView<T>& R, const std::vector<Index>& seen, const MatrixView<T>& dP,
                               MatrixView<T>& dR);
  void meet_in_one_block_backward(const T* r, Index first, Index seen, const T* dP, T* dr);
  template <class X, class Y>
  void add_to_position(Index t, T sign, const X& x, const Y& y);

  const Factors<T>* factors_ = nullptr;
  Structure structure_;
  Index first_ = 0, n_ = 0, p_ = 0, sides_ = 1;
  std::vector<Index> before_;   // n: 0 … n − 1
  Scratch<T> L_, A_, dL_, dA_;  // p×sides·n, p×n
  // A row each per feature, or one row of scalar decays:
  Scratch<T> each_, start_, end_;  // D_i, n; G(−1, e), n + 1; G(i, n), n
  Scratch<T> dc_;                  // n + 1
  Scratch<T> between_;             // n×(n+1), scalar: G(i, e) for i < e, else 0
  Scratch<T> block_, block_end_,
      ended_;  // p×blocks, p×n, p×sides·n: G of a block, G(i, end of the block), that times l_i
  Scratch<T> carried_, moved_, trail_, dended_;  // right sides at each block's end, p×blocks·m; p×m; p×16; p×16
};

// Compiled once, in the library: bodies are in chunk_impl.hpp.
extern template class Chunk<float>;

}  // namespace palimpsest::engine
