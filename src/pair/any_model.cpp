#include "palimpsest/pair/any_model.hpp"

namespace palimpsest {

template <class T>
AnyModel<T>::AnyModel(std::string_view name, TokenShape shape, ProjectionInit init, std::uint64_t seed)
    : model_(make_component<Models<T>>("model", name, shape, init, seed)) {}

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

template <class T>
std::string AnyModel<T>::name() const {
  return specification(model_);
}

template class AnyModel<float>;

}  // namespace palimpsest
