// What a component of a list says of itself, where which of them it is is known only when the program runs.
#pragma once

#include <variant>

namespace palimpsest {

/// The constant `traits` of whichever of a list it is; all of a list have traits of one type.
template <class... C>
const auto& traits_of(const std::variant<C...>& component) {
  return std::visit(
      []<class Own>(const Own&) -> const auto& { return Own::traits; }, component);
}

}  // namespace palimpsest
