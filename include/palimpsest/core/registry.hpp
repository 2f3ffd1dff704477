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

template <class...>
struct JoinedLists;
template <class... C>
struct JoinedLists<TypeList<C...>> {
  using List = TypeList<C...>;
};
template <class... A, class... B, class... More>
struct JoinedLists<TypeList<A...>, TypeList<B...>, More...> : JoinedLists<TypeList<A..., B...>, More...> {};

/// The components of several lists as one.
template <class... Lists>
using Joined = typename JoinedLists<Lists...>::List;

template <class C>
concept TakesArgument = requires {
  { C::argument } -> std::convertible_to<std::string_view>;
};

/// `name:argument`.
std::string written(std::string_view name, std::string_view argument);
std::string written(std::string_view name, int argument);

/// How a component is written: `elu`, `dpfp:nu`.
template <class C>
std::string usage() {
  if constexpr (TakesArgument<C>) {
    return written(C::name, C::argument);
  } else {
    return std::string(C::name);
  }
}

/// As a made component is written, `dpfp:2`.
template <class C>
std::string specification(const C& component) {
  if constexpr (TakesArgument<C>) {
    return written(C::name, component.argument_value());
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

/// What a user wrote to choose a component, taken apart. Every error is a ConfigurationError that names it and what is allowed.
class WrittenComponent {
 public:
  /// kind: what is chosen, `kernel`. Both texts must outlive it.
  WrittenComponent(std::string_view kind, std::string_view text);

  std::string_view name() const { return text_.substr(0, colon_); }

  /// The integer behind the colon. Throws if there is none, or another text; argument, usage: of the component.
  int argument(std::string_view argument, std::string_view usage) const;

  /// Throws if something stands behind a colon.
  void expect_no_argument() const;

  /// Throws: there is no such name among the known ones.
  [[noreturn]] void refuse(std::string_view known) const;

 private:
  bool has_argument() const { return colon_ != text_.npos; }

  std::string_view kind_, text_;
  std::size_t colon_;
};

/// A component from its specification and what all of its list are made from. Throws ConfigurationError with the known ones for an unknown name, a missing,
/// malformed or surplus argument; a component's constructor throws for an argument out of its range.
template <class List, class... Arguments>
typename List::Variant make_component(std::string_view kind, std::string_view specification,
                                      const Arguments&... arguments) {
  const WrittenComponent chosen(kind, specification);
  std::optional<typename List::Variant> made;
  List::for_each([&]<class C>() {
    if (C::name != chosen.name()) return;
    if constexpr (TakesArgument<C>) {
      made.emplace(std::in_place_type<C>, chosen.argument(C::argument, usage<C>()), arguments...);
    } else {
      chosen.expect_no_argument();
      made.emplace(std::in_place_type<C>, arguments...);
    }
  });
  if (!made) chosen.refuse(known<List>());
  return std::move(*made);
}

}  // namespace palimpsest
