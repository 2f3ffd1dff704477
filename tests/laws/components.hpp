// Typed tests over a list of components: a component added to its list is tested by every law.
#pragma once

#include <gtest/gtest.h>

#include <cctype>
#include <string>

#include "palimpsest/core/registry.hpp"

namespace palimpsest::laws {

template <class List>
struct AsTestTypes;
template <class... C>
struct AsTestTypes<TypeList<C...>> {
  using type = testing::Types<C...>;
};
/// testing::Types of a TypeList.
template <class List>
using TestTypes = typename AsTestTypes<List>::type;

/// Typed tests are named by the component.
struct ByName {
  template <class C>
  static std::string GetName(int) {
    std::string name(C::name);
    for (char& c : name)
      if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
    return name;
  }
};

}  // namespace palimpsest::laws
