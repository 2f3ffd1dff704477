// N queries in the order in which they are asked: query n comes after the first r_n of L writes and sees these.
#pragma once

#include <algorithm>
#include <cassert>
#include <numeric>
#include <vector>

#include "palimpsest/core/types.hpp"

namespace palimpsest::engine {

struct Order {
  std::vector<Index> query;  // N: number of the query that is asked i-th
  std::vector<Index> after;  // N: writes that it sees, ascending

  /// r_n of each query; empty: each comes after all L writes.
  void set(const std::vector<Index>& r, Index L, Index N) {
    assert(r.empty() || std::ssize(r) == N);
    query.resize(static_cast<std::size_t>(N));
    std::iota(query.begin(), query.end(), Index(0));
    if (r.empty()) {
      after.assign(static_cast<std::size_t>(N), L);
      return;
    }
    after = r;
    if (!std::is_sorted(after.begin(), after.end())) {
      std::stable_sort(query.begin(), query.end(), [&](Index a, Index b) { return r[a] < r[b]; });
      for (Index i = 0; i < N; ++i) after[i] = r[query[i]];
    }
    assert(N == 0 || (after.front() >= 0 && after.back() <= L));
  }

  Index queries() const { return std::ssize(query); }

  /// How many come after at most so many writes.
  Index asked_by(Index writes) const { return std::upper_bound(after.begin(), after.end(), writes) - after.begin(); }

  /// Writes that some query sees.
  Index seen() const { return after.empty() ? 0 : after.back(); }

  /// seen_i = min(r − first, n) of the queries from the i-th on: which of the n writes from `first` on they see.
  void positions(Index from, Index count, Index first, Index n, std::vector<Index>& seen) const {
    seen.resize(static_cast<std::size_t>(count));
    for (Index i = 0; i < count; ++i) seen[i] = std::min(after[from + i] - first, n);
  }

  /// Columns of `all` that belong to the queries asked from the i-th on.
  template <class All, class Some>
  void gather(const All& all, Index from, Some&& some) const {
    for (Index i = 0; i < some.cols(); ++i) some.col(i) = all.col(query[from + i]);
  }

  template <class Some, class All>
  void scatter(const Some& some, Index from, All&& all) const {
    for (Index i = 0; i < some.cols(); ++i) all.col(query[from + i]) = some.col(i);
  }

  template <class Some, class All>
  void scatter_add(const Some& some, Index from, All&& all) const {
    for (Index i = 0; i < some.cols(); ++i) all.col(query[from + i]) += some.col(i);
  }
};

}  // namespace palimpsest::engine
