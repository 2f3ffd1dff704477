// What a rule that is linear in the values does to the state W (d_v×p) at write t,
//   W_t = W_{t−1} (D_t + a_t b_tᵀ) + w_t v_t k_tᵀ ,
// told by what D and a bᵀ are. All rules of one structure are one computation; rules differ in their factors.
#pragma once

#include "palimpsest/core/types.hpp"

namespace palimpsest {

/// D: the identity, a number, or a number per feature.
enum class Decay { none, scalar, diagonal };

/// a bᵀ: nothing, −e D k kᵀ along the key that is written, or two vectors of their own.
enum class Erase { none, along, free };

struct Structure {
  Decay decay = Decay::none;
  Erase erase = Erase::none;

  bool operator==(const Structure&) const = default;

  /// Vectors per write that a query is multiplied with: k, and b where it is another.
  constexpr Index sides() const { return erase == Erase::free ? 2 : 1; }
  constexpr bool decays() const { return decay != Decay::none; }
  constexpr bool erases() const { return erase != Erase::none; }
};

}  // namespace palimpsest
