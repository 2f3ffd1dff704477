// What a memory of pairs is: it turns the writes of an episode, keys and one-hot values by number, into answers.
//
//   name, summary, [argument]             see core/registry.hpp
//   Memory([argument,] options)           of the components and gates that the options name; throws ConfigurationError for
//                                         what isn't known or is out of range
//   begin(tables)                         takes a step's tables, which must outlive it, and clears the gradients
//   Kept                                  what a read keeps for its adjoint. It belongs to the caller, so that episodes of a step
//                                         may be read, and their adjoints taken, in any order; each read has one adjoint
//   read(episode, asked, Y, kept)         Y: S×N, the answers to the N queries `asked` of the tables, each after as many
//                                         writes as it sees
//   backward(episode, asked, dY, kept)    its adjoint, of the same episode and queries
//   end(gradient)                         the gradients of the step by the tables
// of a read,
//   kept.coefficients()                   L×N, which writes answer a query; empty of a memory that has none
// and, so that a configuration can be judged before anything is trained:
//   parts()                               its components by kind, as they are written: {"kernel", "dpfp:2"}, …
//   reads(option)                         whether an option, by its name in MemoryOptions, changes anything
//   refusal()                             why these components have no meaning together; nothing if they have
//   feature_dim(), rank()                 p, and the dimension of the space that mapped keys span; empty without a feature map
//   knows_order()                         whether answers depend on the order of the writes
//   token_shape(S)                        what it asks of a model's tokens
//   projection_init                       how a model's projections start for it
//   state_floats(S, L)                    floats that it keeps from the last write to the first query
//   operations(tables)                    shared(), episode(shape), step(L, B): pair/operations.hpp
//   draw_operations()                     of new random features
// and, of one that has them:
//   start(), parameters(), draw(stream), random_features(), kept.writes, kept.divided_by_epsilon(n)   see pair/fast_weight.hpp
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "palimpsest/core/types.hpp"
#include "palimpsest/rule/position.hpp"

namespace palimpsest {

/// Queries that a read answers: columns of the tables, and how many of the first writes each sees, in any order. They must
/// outlive the read and its adjoint.
struct Asked {
  const std::vector<int>& columns;
  std::span<const Index> after;  ///< empty: each sees all writes

  Asked(const std::vector<int>& columns, std::span<const Index> after = {}) : columns(columns), after(after) {}

  Index size() const { return std::ssize(columns); }

  /// Whether each sees all of L writes.
  bool at_end(Index L) const {
    return std::ranges::all_of(after, [L](Index seen) { return seen == L; });
  }

  /// Writes that query n sees.
  Index seen(Index n, Index L) const { return writes_seen(after, n, L); }
};

/// C: L×N, or a gradient by it: nothing where a query doesn't see a write. seen: N.
template <class T>
void hide_unseen(std::span<const Index> seen, MatrixView<T> C) {
  for (std::size_t n = 0; n < seen.size(); ++n) C.col(n).tail(C.rows() - seen[n]).setZero();
}

}  // namespace palimpsest
