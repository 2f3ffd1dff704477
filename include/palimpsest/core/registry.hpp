// One list of types a kind of component (kernels, rules, …) gives everything: look-up by name, the error that lists the
// known names, `--list`, typed tests and benchmarks. A component is written `name` or `name:argument` (`dpfp:3`).
//
// A component is a struct with
//   static constexpr std::string_view name;          the name it is looked up by
//   static constexpr std::string_view argument;      only if it takes an integer: what the integer is called
//   int argument_value() const                       and which it is
//   static constexpr std::string_view summary;       one line for --list
//   explicit Component(int argument, …)              or without the integer where it takes none; … is what all components
//                                                    of the list are made from, mostly nothing
#pragma once

#include <fmt/format.h>

#include <charconv>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "palimpsest/core/types.hpp"

namespace palimpsest {

template <class... Components>
struct TypeList {
  using Variant = std::variant<Components...>;
  /// Calls f.template operator()<C>() for every component C.
  template <class F>
  static void for_each(F&& f) {
    (f.template operator()<Components>(), ...);
  }
};

template <class C>
concept TakesArgument = requires {
  { C::argument } -> std::convertible_to<std::string_view>;
};

/// How a component is written: `elu`, `dpfp:nu`.
template <class C>
std::string usage() {
  if constexpr (TakesArgument<C>) {
    return fmt::format("{}:{}", C::name, C::argument);
  } else {
    return std::string(C::name);
  }
}

/// As a made component is written, `dpfp:2`.
template <class C>
std::string specification(const C& component) {
  if constexpr (TakesArgument<C>) {
    return fmt::format("{}:{}", C::name, component.argument_value());
  } else {
    return std::string(C::name);
  }
}

/// The same of whichever of a list it is.
template <class... C>
std::string specification(const std::variant<C...>& component) {
  return std::visit([](const auto& c) { return specification(c); }, component);
}

struct ComponentDescription {
  std::string usage;
  std::string summary;
};

template <class List>
std::vector<ComponentDescription> describe() {
  std::vector<ComponentDescription> all;
  List::for_each([&]<class C>() { all.push_back({usage<C>(), std::string(C::summary)}); });
  return all;
}

/// "elu, dpfp:nu, …": the allowed values, for messages.
template <class List>
std::string known() {
  std::string all;
  for (const auto& c : describe<List>()) all += (all.empty() ? "" : ", ") + c.usage;
  return all;
}

/// A component from its specification and what all of its list are made from. Throws ConfigurationError with the known ones for an unknown name, a missing,
/// malformed or surplus argument; a component's constructor throws for an argument out of its range.
template <class List, class... Arguments>
typename List::Variant make_component(std::string_view kind, std::string_view specification,
                                      const Arguments&... arguments) {
  const auto colon = specification.find(':');
  const std::string_view name = specification.substr(0, colon);
  std::optional<typename List::Variant> made;
  List::for_each([&]<class C>() {
    if (C::name != name) return;
    if constexpr (TakesArgument<C>) {
      int value = 0;
      const std::string_view text = colon == specification.npos ? "" : specification.substr(colon + 1);
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
      if (error != std::errc{} || end != text.data() + text.size())
        throw ConfigurationError(
            fmt::format("{} '{}': '{}' needs an integer, as in '{}'", kind, specification, C::argument, usage<C>()));
      made.emplace(std::in_place_type<C>, value, arguments...);
    } else {
      if (colon != specification.npos)
        throw ConfigurationError(fmt::format("{} '{}': '{}' takes no argument", kind, specification, C::name));
      made.emplace(std::in_place_type<C>, arguments...);
    }
  });
  if (!made) throw ConfigurationError(fmt::format("unknown {} '{}'; known: {}", kind, specification, known<List>()));
  return std::move(*made);
}

}  // namespace palimpsest
