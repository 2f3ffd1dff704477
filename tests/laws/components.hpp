// Typed tests over a list of components, and instances of each kernel: a component added to its list is tested by every
// law.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cctype>
#include <string>
#include <vector>

#include "palimpsest/core/registry.hpp"
#include "palimpsest/kernel/all.hpp"
#include "reference/dense.hpp"
#include "reference/random.hpp"

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

/// A rule as the dense reference has it.
template <class R>
R rule() {
  if constexpr (TakesArgument<R>) {
    return R(2);
  } else {
    R made;
    if constexpr (requires { made.ridge; }) made.ridge = reference::kRidge;
    return made;
  }
}

template <class K>
struct Instance {
  K kernel;
  int argument;  // 0 if it takes none
  std::string label;
};

/// Each argument of a few, each scale, random features drawn and parameters off their start, for keys of size d.
template <class K, class T = double>
std::vector<Instance<K>> instances(Index d) {
  std::vector<Instance<K>> all;
  if constexpr (TakesArgument<K>) {
    for (const int argument : {1, 2, 5})
      all.push_back({K(argument), argument, fmt::format("{}:{}", K::name, argument)});
  } else {
    all.push_back({K(), 0, std::string(K::name)});
  }
  if constexpr (requires(K k) { k.scaled = true; }) {
    const auto unscaled = all;
    for (auto scaled : unscaled) {
      scaled.kernel.scaled = true;
      scaled.label += " scaled";
      all.push_back(scaled);
    }
  }
  if constexpr (RandomKernel<K, T>)
    for (std::size_t i = 0; i < all.size(); ++i) {
      Stream stream(3, Purpose::test, i);
      all[i].kernel.draw(d, stream);
    }
  if constexpr (LearntKernel<K, T>)
    for (auto& instance : all) {
      instance.kernel.start(d);
      std::uint64_t number = 100;
      for (auto* parameter : instance.kernel.parameters())
        parameter->value += 0.3 * reference::normal(parameter->value.rows(), parameter->value.cols(), number++);
    }
  for (auto& instance : all) instance.label += fmt::format(", d = {}", d);
  return all;
}

/// The kernel with its random features and parameters rounded to single precision.
template <class K>
K rounded(K kernel) {
  const auto round = [](auto& x) { x = x.template cast<float>().template cast<double>().eval(); };
  if constexpr (RandomKernel<K, double>) round(kernel.omega);
  if constexpr (LearntKernel<K, double>)
    for (auto* parameter : kernel.parameters()) round(parameter->value);
  return kernel;
}

/// Calls f with the same kernel in single precision.
template <class K, class F>
void with_float(const Instance<K>& instance, F&& f) {
  Kernels<float>::for_each([&]<class Single>() {
    if constexpr (Single::name == K::name) {
      Single kernel = [&] {
        if constexpr (TakesArgument<Single>)
          return Single(instance.argument);
        else
          return Single();
      }();
      if constexpr (requires { kernel.scaled; }) kernel.scaled = instance.kernel.scaled;
      if constexpr (RandomKernel<Single, float>) kernel.omega = instance.kernel.omega.template cast<float>();
      if constexpr (LearntKernel<Single, float>) {
        auto twice = instance.kernel;
        for (std::size_t i = 0; i < twice.parameters().size(); ++i) {
          kernel.parameters()[i]->value = twice.parameters()[i]->value.template cast<float>();
          kernel.parameters()[i]->gradient = twice.parameters()[i]->gradient.template cast<float>();
        }
      }
      f(kernel);
    }
  });
}

}  // namespace palimpsest::laws
