// A token map and the accumulator of attention normalisation: z_t = z_{t−1} + k_t of the mapped keys, read-out y = W q/(z·q + ε).
// `attention` is that of tokens as they come, the normalisation of linear attention; `l2+attention` that of l2, and so on.
// Source: Katharopoulos et al. 2020, "Transformers are RNNs", eqs. 9–10; `sum+attention` is an option of the language-model code
// of Schlag, Irie, Schmidhuber 2021 (arXiv 2102.11174).
#pragma once

#include <algorithm>
#include <array>

#include "palimpsest/normalization/none.hpp"
#include "palimpsest/normalization/normalization.hpp"

namespace palimpsest {

template <class Map>
struct Accumulated : Map {
 private:
  static constexpr bool alone_ = !Map::traits.maps_tokens;
  static constexpr std::string_view suffix_ = alone_ ? "attention" : "+attention";
  static constexpr auto joined_ = [] {
    std::array<char, (alone_ ? 0 : Map::name.size()) + suffix_.size()> text{};
    auto end = text.begin();
    if (!alone_) end = std::ranges::copy(Map::name, end).out;
    std::ranges::copy(suffix_, end);
    return text;
  }();

 public:
  static constexpr std::string_view name{joined_.data(), joined_.size()};
  static constexpr std::string_view summary = alone_ ? "read-out divided by z.q, z the sum of all keys"
                                                     : "as the map before the +, and read-out divided by z.q";
  static constexpr NormalizationTraits traits = Map::traits.accumulated();
};

}  // namespace palimpsest
