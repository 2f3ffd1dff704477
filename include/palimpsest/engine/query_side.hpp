// Retrieval coefficients C (L×N) of N queries, from the queries' side: y_n = Σ_t C_tn v_t whatever the values are.
// Queries u are carried from the last chunk to the first, and enter where they are asked. In a chunk (chunk.hpp), with
// N and M the products of k and b with the a_j, S and R those with the queries, and ã, G u as they come to the chunk's
// start,
//   (I − M) X = R ,   C = w ∘ (S + N X) ,   u ← G u + Ã X .
// Where it erases along the key M = N and R = S, so that C = w ∘ X; where it doesn't, C = w ∘ S.
// Adjoint, from the first chunk to the last, du being the gradient by the u that the chunk left:
//   dT = w ∘ dC ,   dX = Nᵀ dT + Ãᵀ du ,   Z = (I − M)⁻ᵀ dX ,   dR = Z ,   dS = dT ,   dM = Z Xᵀ ,   dN = dT Xᵀ ,
//   dÃ = du Xᵀ ,   dw = Σ dC ∘ (S + N X)   (along the key: dX = dT + Ãᵀ du, dS = Z, dN = Z Xᵀ).
// O(L·N·p) and the products among keys, O(L·chunk·p).
//
// Source: Yang et al. 2024 (arXiv 2406.06484), section 3, has the state's side of it; products of I + a bᵀ by one
// triangular solve: Bischof and Van Loan 1987, the WY representation.
#pragma once

#include <vector>

#include "palimpsest/engine/chunk.hpp"
#include "palimpsest/engine/order.hpp"

namespace palimpsest::engine {

/// One thread's memory for it; what a read keeps for its adjoint is the caller's, so that reads and adjoints may come
/// in any order.
template <class T>
class QuerySide {
 public:
  struct Kept {
    Index chunk = kChunk;
    Order order;
    std::vector<Index> begin;  // chunks + 1: columns of U, X and found where a chunk begins
    Matrix<T> among;           // sides·chunk×L: [M; N] of each chunk
    Matrix<T> U;               // p×…, queries as they come to each chunk
    Matrix<T> X, found;        // chunk×…, X where a and b are free, and S + N X
  };

  /// C: L×N, zeros where a query sees nothing; Q: p×N; after: writes that each query sees, in any order (empty: all).
  void coefficients(const Factors<T>& factors, ConstMatrixView<T> Q, const std::vector<Index>& after, MatrixView<T> C,
                    Kept& kept, Index chunk = kChunk);

  /// Adds the gradients by the factors and by Q. dC: L×N, of which only what a query sees is read.
  void coefficients_backward(const Factors<T>& factors, ConstMatrixView<T> dC, const Kept& kept, Factors<T>& dfactors,
                             MatrixView<T> dQ);

 private:
  Chunk<T> chunk_;
  std::vector<Index> seen_;
  Scratch<T> u_, products_, start_, transposed_, erased_;
  Scratch<T> dC_, dP_, damong_, du_, next_, derased_;
};

}  // namespace palimpsest::engine
