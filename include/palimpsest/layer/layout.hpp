// Sequences of a batch stand side by side, of any lengths: columns starts[i] … starts[i + 1] − 1 are sequence i.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "palimpsest/core/types.hpp"

namespace palimpsest {

struct Layout {
  std::vector<Index> starts;  ///< the first is 0, the last how many columns there are

  Index sequences() const { return starts.empty() ? 0 : std::ssize(starts) - 1; }
  Index columns() const { return starts.empty() ? 0 : starts.back(); }
  Index start(Index i) const { return starts[static_cast<std::size_t>(i)]; }
  Index length(Index i) const { return start(i + 1) - start(i); }

  bool operator==(const Layout&) const = default;
};

/// Columns of a batch, in ascending order; nothing: all of them.
using Columns = std::optional<std::span<const Index>>;

}  // namespace palimpsest
