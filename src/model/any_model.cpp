#include "palimpsest/model/any_model.hpp"

#include <fmt/format.h>

#include <optional>

namespace palimpsest {
namespace {

template <class T>
typename Models<T>::Variant make(std::string_view name, TokenShape shape, ProjectionInit init, std::uint64_t seed) {
  std::optional<typename Models<T>::Variant> made;
  Models<T>::for_each([&]<class Model>() {
    if (Model::name == name) made.emplace(std::in_place_type<Model>, shape, init, seed);
  });
  if (!made) throw ConfigurationError(fmt::format("unknown model '{}'; known: {}", name, known<Models<T>>()));
  return std::move(*made);
}

}  // namespace

template <class T>
AnyModel<T>::AnyModel(std::string_view name, TokenShape shape, ProjectionInit init, std::uint64_t seed)
    : model_(make<T>(name, shape, init, seed)) {}

template <class T>
void AnyModel<T>::encode(const std::vector<int>& keys, TokenTables<T>& tables) {
  std::visit([&](auto& model) { model.encode(keys, tables); }, model_);
}

template <class T>
void AnyModel<T>::backward(const std::vector<int>& keys, const TokenTables<T>& gradient) {
  std::visit([&](auto& model) { model.backward(keys, gradient); }, model_);
}

template <class T>
std::vector<Parameter<T>*> AnyModel<T>::parameters() {
  return std::visit([](auto& model) { return model.parameters(); }, model_);
}

template class AnyModel<float>;

}  // namespace palimpsest
