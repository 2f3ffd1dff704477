#include "reference/kernels.hpp"

#include <fmt/format.h>

#include <cctype>
#include <utility>
#include <variant>

#include "reference/random.hpp"

namespace palimpsest::reference {
namespace {

template <class T>
std::vector<Parameter<T>*> parameters_of(typename Kernels<T>::Variant& kernel) {
  return std::visit(
      []<class K>(K& k) -> std::vector<Parameter<T>*> {
        if constexpr (LearntKernel<K, T>) return k.parameters();
        return {};
      },
      kernel);
}

template <class T>
Matrix<T>* random_features(typename Kernels<T>::Variant& kernel) {
  return std::visit(
      []<class K>(K& k) -> Matrix<T>* {
        if constexpr (RandomKernel<K, T>) return &k.omega;
        return nullptr;
      },
      kernel);
}

/// Whether the kernel has a scale, which is then set.
template <class Variant>
bool set_scaled(Variant& kernel) {
  return std::visit(
      []<class K>(K& k) {
        if constexpr (requires { k.scaled = true; }) return k.scaled = true;
        return false;
      },
      kernel);
}

template <class T>
void start_in(typename Kernels<T>::Variant& kernel, Index d) {
  std::visit(
      [&]<class K>(K& k) {
        if constexpr (LearntKernel<K, T>) k.start(d);
      },
      kernel);
}

/// The kernel written `specification`, number i of its instances.
Instance instance(const std::string& specification, bool scaled, std::size_t i, Index d) {
  KernelVariant kernel = make_component<Kernels<double>>("kernel", specification);
  auto single = make_component<Kernels<float>>("kernel", specification);
  if (scaled) {
    set_scaled(kernel);
    set_scaled(single);
  }
  Stream stream(3, Purpose::test, i);
  draw(kernel, d, stream);
  start(kernel, d);
  start_in<float>(single, d);
  std::uint64_t number = 100;
  for (auto* parameter : parameters(kernel))
    parameter->value += 0.3 * normal(parameter->value.rows(), parameter->value.cols(), number++);

  KernelVariant rounded = kernel;
  if (auto* omega = random_features<double>(rounded)) {
    auto& in_float = *random_features<float>(single);
    in_float = omega->cast<float>();
    *omega = in_float.cast<double>();
  }
  const auto twice = parameters(rounded);
  const auto once = parameters_of<float>(single);
  for (std::size_t j = 0; j < twice.size(); ++j) {
    once[j]->value = twice[j]->value.cast<float>();
    twice[j]->value = once[j]->value.cast<double>();
  }
  return {std::move(kernel), std::move(rounded), std::move(single),
          fmt::format("{}{}, d = {}", specification, scaled ? " scaled" : "", d)};
}

}  // namespace

std::string test_name(const testing::TestParamInfo<std::string>& component) {
  std::string name = component.param;
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
}

std::vector<Instance> instances(std::string_view name, Index d) {
  std::vector<std::string> specifications;
  bool has_scale = false;
  Kernels<double>::for_each([&]<class K>() {
    if (K::name != name) return;
    if constexpr (TakesArgument<K>) {
      for (const int argument : {1, 2, 5}) specifications.push_back(fmt::format("{}:{}", name, argument));
    } else {
      specifications.emplace_back(name);
    }
    has_scale = requires(K k) { k.scaled = true; };
  });
  std::vector<Instance> all;
  for (const auto& specification : specifications) all.push_back(instance(specification, false, all.size(), d));
  if (has_scale)
    for (const auto& specification : specifications) all.push_back(instance(specification, true, all.size(), d));
  return all;
}

bool is_nonnegative(const KernelVariant& kernel) {
  return std::visit([]<class K>(const K&) { return K::traits.nonnegative; }, kernel);
}

bool is_random(const KernelVariant& kernel) {
  return std::visit([]<class K>(const K&) { return RandomKernel<K, double>; }, kernel);
}

bool is_learnt(const KernelVariant& kernel) {
  return std::visit([]<class K>(const K&) { return LearntKernel<K, double>; }, kernel);
}

Index feature_dim(const KernelVariant& kernel, Index d) {
  return std::visit([&](const auto& k) { return k.feature_dim(d); }, kernel);
}

void draw(KernelVariant& kernel, Index d, Stream& stream) {
  std::visit(
      [&]<class K>(K& k) {
        if constexpr (RandomKernel<K, double>) k.draw(d, stream);
      },
      kernel);
}

void start(KernelVariant& kernel, Index d) { start_in<double>(kernel, d); }

std::vector<Parameter<double>*> parameters(KernelVariant& kernel) { return parameters_of<double>(kernel); }

Matrix<double> features(const KernelVariant& kernel, const Matrix<double>& x) {
  return std::visit([&](const auto& k) { return palimpsest::features<double>(k, x); }, kernel);
}

bool is_scalable(const KernelVariant& kernel) {
  return std::visit([]<class K>(const K&) { return ScalableKernel<K, double>; }, kernel);
}

Matrix<double> features_up_to_scale(const KernelVariant& kernel, const Matrix<double>& x) {
  const Matrix<double> lifted = std::visit([&](const auto& k) { return palimpsest::lifted<double>(k, x); }, kernel);
  const Matrix<double> h = lifted.bottomRows(lifted.rows() - x.rows());
  const auto stacked = [&](const Matrix<double>& above, const Matrix<double>& below) {
    Matrix<double> both(above.rows() + below.rows(), x.cols());
    both << above, below;
    return both;
  };
  if (std::holds_alternative<RandomFourier<double>>(kernel)) return stacked(h.array().cos(), h.array().sin());
  Matrix<double> exponents = std::holds_alternative<Favor<double>>(kernel) ? stacked(h, -h) : h;
  for (Index t = 0; t < x.cols(); ++t) exponents.col(t).array() -= exponents.col(t).maxCoeff();
  return exponents.array().exp();
}

Matrix<float> features(const Kernels<float>::Variant& kernel, const Matrix<float>& x) {
  return std::visit([&](const auto& k) { return palimpsest::features<float>(k, x); }, kernel);
}

}  // namespace palimpsest::reference
