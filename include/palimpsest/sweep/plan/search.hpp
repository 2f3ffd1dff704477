// Search for the largest S (or other integer parameter) that a memory holds, in place of an axis of S. Every curve with one seed (all parameters but
// S) is searched for itself: S doubles until a criterion fails, then the gap between the largest size that passed and
// the smallest that failed above it is halved, all in whole steps. What is past the capacity c so found may be run as well: the size
// round(beyond·c), which is no part of the search, so that it can't move c whether it passes or fails. Which sizes come
// next follows from the rows that are there and nothing else, so that threads, interruptions and shards change no byte.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "palimpsest/core/types.hpp"
#include "palimpsest/sweep/judge/criterion.hpp"

namespace palimpsest::sweep {

struct Search {
  Index first = 0;                  ///< the first S
  Index largest = 0;                ///< S never goes above it
  std::vector<Criterion> criteria;  ///< each is searched for; the sizes are the union
  double resolution = 0.05;         ///< a gap of this share of its upper end, or of 1, is narrow enough
  Index failures = 1;               ///< S doubles until so many sizes in a row have failed
  double beyond = 0;                ///< above 1: the multiple of a capacity that is run as well; 0: none is
  std::string axis = "S";           ///< the parameter that is searched, an integer
  /// A parameter of which the best value counts: all of its values are searched for the first seed, the others for the one that
  /// held most there. Empty: each value is a curve of its own.
  std::string best_of = {};
  Index step = 1;  ///< all sizes are multiples of it, as `first` and `largest` are
  bool operator==(const Search&) const = default;
};

/// How far a search for one criterion has come.
struct Course {
  std::vector<Index> sizes;  ///< asked about, in its order, up to the first of which it isn't known whether it passes
  std::optional<Index> capacity;  ///< the largest that passed, 0 if none did, once it has ended
  std::optional<Index> beyond;    ///< size_beyond() of its capacity, once it has ended with one from 1; not asked about
};

Course follow(const Search& search, const std::function<std::optional<bool>(Index S)>& passes);

/// round(beyond·S), in whole steps.
Index size_beyond(const Search& search, Index S);

}  // namespace palimpsest::sweep
