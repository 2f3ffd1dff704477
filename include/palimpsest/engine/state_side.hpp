// Answers Y = W_r q (d_v×N) of N queries, from the state's side: W (d_v×p) is carried from chunk to chunk. Write t
// erases e_t = W_{t−1} a_t. In a chunk (chunk.hpp) that begins with W, let N and M be the products of k and b with the
// a_j, S and R those with the queries, Ã and G u a and the queries as they come to its start, K̃ and B̃ its k and b as
// they come to its end, and V_w = V diag(w):
//   E (I − M) = V_w N + W Ã ,   Y = V_w S + E R + W G u ,   W ← W G + V_w K̃ᵀ + E B̃ᵀ .
// Where it erases along the key M = N, R = S, and Z = V_w + E is all that is needed: Z (I − N) = V_w + W Ã, the values
// that the delta rule writes after all.
// Adjoint, from the last chunk to the first, dW being the gradient by the W that the chunk left:
//   dE = dY Rᵀ + dW B̃ ,   F (I − M)ᵀ = dE ,   dV_w = dY Sᵀ + F Nᵀ + dW K̃ ,
//   dR = Eᵀ dY ,   dS = V_wᵀ dY ,   dM = Eᵀ F ,   dN = V_wᵀ F ,
//   dÃ = Wᵀ F ,   d(G u) = Wᵀ dY ,   dK̃ = dWᵀ V_w ,   dB̃ = dWᵀ E ,   dW ← dW G + F Ãᵀ + dY (G u)ᵀ
// (along the key: dZ = dY Sᵀ + dW K̃, F (I − N)ᵀ = dZ, dV_w = F, dS = Zᵀ dY, dN = Zᵀ F, dK̃ = dWᵀ Z).
// O(L·(chunk + d_v)·p + L·chunk·d_v), whatever N is up to one query per write.
//
// The first chunk begins with W = 0, or with what earlier writes have left, which is a constant: no gradient goes to it, but
// keys, decays and queries have theirs through it as through the W of any chunk.
//
// Source: Yang et al. 2024 (arXiv 2406.06484), section 3; products of I + a bᵀ by one triangular solve: Bischof and Van
// Loan 1987, the WY representation.
#pragma once

#include <optional>
#include <vector>

#include "palimpsest/engine/chunk.hpp"
#include "palimpsest/engine/order.hpp"
#include "palimpsest/engine/values.hpp"

namespace palimpsest::engine {

/// W (d_v×p) before the first write, if not 0, and where W after the last one goes, if wanted. Both may be the same matrix.
template <class T>
struct Ends {
  const Matrix<T>* first = nullptr;
  Matrix<T>* last = nullptr;
};

/// One thread's memory for it; what a read keeps for its adjoint is the caller's, so that reads and adjoints may come
/// in any order.
template <class T>
class StateSide {
 public:
  struct Kept {
    Index chunk = kChunk;
    Order order;
    Matrix<T> among;  // sides·chunk×L: [M; N] of each chunk
    Matrix<T> asked;  // sides·chunk×N: [R; S], queries in their order
    Matrix<T> Z;      // d_v×L: Z along the key, E where a and b are free
    Matrix<T> W;      // d_v×p·chunks: the state at each chunk's start
    bool goes_on;     // whether the first of them isn't 0
  };

  /// Y: d_v×N; Q: p×N; after: writes that each query sees, in any order (empty: all).
  void read(const Factors<T>& factors, const OneHot& values, ConstMatrixView<T> Q, const std::vector<Index>& after,
            MatrixView<T> Y, Kept& kept, Ends<T> ends = {}, Index chunk = kChunk);
  void read(const Factors<T>& factors, const Dense<T>& values, ConstMatrixView<T> Q, const std::vector<Index>& after,
            MatrixView<T> Y, Kept& kept, Ends<T> ends = {}, Index chunk = kChunk);

  /// Adds the gradients by the factors, by Q, and by dense values if wanted.
  void read_backward(const Factors<T>& factors, const OneHot& values, ConstMatrixView<T> Q, ConstMatrixView<T> dY,
                     const Kept& kept, Factors<T>& dfactors, MatrixView<T> dQ);
  void read_backward(const Factors<T>& factors, const Dense<T>& values, ConstMatrixView<T> Q, ConstMatrixView<T> dY,
                     const Kept& kept, Factors<T>& dfactors, MatrixView<T> dQ,
                     std::optional<MatrixView<T>> dV = std::nullopt);

 private:
  template <class Values>
  void read_any(const Factors<T>& factors, const Values& values, const ConstMatrixView<T>& Q,
                const std::vector<Index>& after, MatrixView<T>& Y, Kept& kept, Ends<T> ends, Index chunk);
  template <class Values>
  void read_any_backward(const Factors<T>& factors, const Values& values, const ConstMatrixView<T>& Q,
                         const ConstMatrixView<T>& dY, const Kept& kept, Factors<T>& dfactors, MatrixView<T>& dQ,
                         std::optional<MatrixView<T>> dV);

  Chunk<T> chunk_;
  WrittenScratch<T> written_;
  std::vector<Index> seen_;
  Scratch<T> queries_, start_, found_, ends_, state_;
  Scratch<T> gradient_, dP_, dstart_, dends_, dW_, dqueries_;
};

}  // namespace palimpsest::engine
