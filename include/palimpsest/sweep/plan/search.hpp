// Search for the largest S that a memory holds, in place of an axis of S. Every curve with one seed (all parameters but
// S) is searched for itself: S doubles until a criterion fails, then the gap between the largest size that passed and
// the smallest that failed above it is halved. Which sizes come next follows from the rows that are there and nothing
// else, so that threads, interruptions and shards change no byte.
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
  bool operator==(const Search&) const = default;
};

/// The sizes that a search for one criterion asks about, in its order, up to the first of which it isn't known whether
/// it passes.
std::vector<Index> search_sizes(const Search& search, const std::function<std::optional<bool>(Index S)>& passes);

}  // namespace palimpsest::sweep
