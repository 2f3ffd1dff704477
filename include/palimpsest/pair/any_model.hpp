// Whichever model of the list a configuration names: a Trainer is compiled once for all of them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "palimpsest/pair/all.hpp"

namespace palimpsest {

template <class T>
class AnyModel {
 public:
  /// Throws ConfigurationError with the known names if there is none of this name.
  AnyModel(std::string_view name, TokenShape shape, ProjectionInit init, std::uint64_t seed);

  /// As the list has it.
  std::string name() const;

  void encode(const std::vector<int>& keys, TokenTables<T>& tables);
  void backward(const std::vector<int>& keys, const TokenTables<T>& gradient);
  std::vector<Parameter<T>*> parameters();

 private:
  typename Models<T>::Variant model_;
};

extern template class AnyModel<float>;

}  // namespace palimpsest
