// Bodies of memory/feature_map.hpp; only what instantiates them includes this.
#pragma once

#include "palimpsest/memory/feature_map.hpp"

namespace palimpsest {

template <class T>
FeatureMap<T>::FeatureMap(KernelVariant kernel, NormalizationVariant normalization, Index d)
    : kernel_(std::move(kernel)), normalization_(std::move(normalization)), d_(d) {}

template <class T>
Index FeatureMap<T>::feature_dim() const {
  return std::visit([&](const auto& kernel) { return kernel.feature_dim(d_); }, kernel_);
}

template <class T>
bool FeatureMap<T>::accumulates() const {
  return traits_of(normalization_).accumulates;
}

template <class T>
bool FeatureMap<T>::maps_tokens() const {
  return traits_of(normalization_).maps_tokens;
}

template <class T>
void FeatureMap<T>::start() {
  std::visit(
      [&]<class K>(K& kernel) {
        if constexpr (LearntKernel<K, T>) kernel.start(d_);
      },
      kernel_);
}

template <class T>
void FeatureMap<T>::draw(Stream& stream) {
  std::visit(
      [&]<class K>(K& kernel) {
        if constexpr (RandomKernel<K, T>) kernel.draw(d_, stream);
      },
      kernel_);
}

template <class T>
const Matrix<T>* FeatureMap<T>::random_features() const {
  return std::visit(
      []<class K>(const K& kernel) -> const Matrix<T>* {
        if constexpr (RandomKernel<K, T>) return &kernel.omega;
        return nullptr;
      },
      kernel_);
}

template <class T>
std::vector<Parameter<T>*> FeatureMap<T>::parameters() {
  return std::visit(
      []<class K>(K& kernel) -> std::vector<Parameter<T>*> {
        if constexpr (LearntKernel<K, T>) return kernel.parameters();
        return {};
      },
      kernel_);
}

template <class T>
const Matrix<T>* FeatureMap<T>::lift(const Matrix<T>& table, Matrix<T>& buffer) const {
  return std::visit(
      [&]<class K>(const K& kernel) -> const Matrix<T>* {
        if constexpr (LiftingKernel<K, T>) {
          buffer.resize(kernel.lifted_dim(d_), table.cols());
          if (table.cols() > 0) kernel.lift(table, buffer);
          return &buffer;
        } else {
          return &table;
        }
      },
      kernel_);
}

template <class T>
void FeatureMap<T>::lift_backward(const Matrix<T>& dlifted, Matrix<T>& dtable) const {
  std::visit(
      [&]<class K>(const K& kernel) {
        if constexpr (LiftingKernel<K, T>) {
          dtable.setZero(d_, dlifted.cols());
          if (dlifted.cols() > 0) kernel.lift_backward(dlifted, dtable);
        } else {
          dtable = dlifted;
        }
      },
      kernel_);
}

template <class T>
void FeatureMap<T>::lift_learn(const Matrix<T>& table, const Matrix<T>& dlifted) {
  std::visit(
      [&]<class K>(K& kernel) {
        if constexpr (LearntKernel<K, T>) kernel.lift_learn(table, dlifted);
      },
      kernel_);
}

template <class T>
void FeatureMap<T>::learn(const Matrix<T>& dlifted) {
  std::visit(
      [&]<class K>(K& kernel) {
        if constexpr (LearntKernel<K, T>) kernel.learn(dlifted);
      },
      kernel_);
}

template <class T>
void FeatureMap<T>::forward_tokens(ConstMatrixView<T> x, T epsilon, Matrix<T>& lifted, Features<T>& features) const {
  resize(x.cols(), features);
  std::visit(
      [&]<class K>(const K& kernel) {
        if constexpr (LiftingKernel<K, T>) {
          lifted.resize(kernel.lifted_dim(d_), x.cols());
          kernel.lift(x, lifted);
          forward(lifted, 0, epsilon, features);
        } else {
          forward(x, 0, epsilon, features);
        }
      },
      kernel_);
}

template <class T>
void FeatureMap<T>::backward_tokens(Features<T>& features, ConstMatrixView<T> x, ConstMatrixView<T> lifted,
                                    MatrixView<T> dphi, Matrix<T>& dlifted, MatrixView<T> dx) {
  std::visit(
      [&]<class K>(K& kernel) {
        if constexpr (LiftingKernel<K, T>) {
          dlifted.setZero(lifted.rows(), lifted.cols());
          backward(features, lifted, 0, dphi, dlifted);
          kernel.lift_backward(dlifted, dx);
          if constexpr (LearntKernel<K, T>) {
            kernel.lift_learn(x, dlifted);
            kernel.learn(dlifted);
          }
        } else {
          backward(features, x, 0, dphi, dx);
        }
      },
      kernel_);
}

template <class T>
void FeatureMap<T>::resize(Index n, Features<T>& features) const {
  features.maps = maps_tokens();
  features.in_place = features.maps && !looks_at_features();
  features.raw.resize(feature_dim(), features.in_place ? 0 : n);
  if (features.maps) {
    features.mapped.resize(feature_dim(), n);
    features.scale.resize(n);
  }
}

template <class T>
void FeatureMap<T>::forward(ConstMatrixView<T> x, Index first, T epsilon, Features<T>& features) const {
  const Index count = x.cols();
  MatrixView<T> raw = features.raw_of(first, count);
  const bool scaled = up_to_scale();
  std::visit(
      [&]<class K>(const K& kernel) {
        if constexpr (ScalableKernel<K, T>)
          if (scaled) return kernel.forward_up_to_scale(x, raw);
        kernel.forward(x, raw);
      },
      kernel_);
  if (!features.maps) return;
  if (scaled) epsilon = 0;
  MatrixView<T> mapped = features.mapped.middleCols(first, count);
  VectorView<T> scale = features.scale.segment(first, count);
  std::visit([&](const auto& normalization) { normalization.forward(raw, mapped, scale, epsilon); }, normalization_);
}

template <class T>
void FeatureMap<T>::backward(Features<T>& features, ConstMatrixView<T> x, Index first, MatrixView<T> dphi,
                             MatrixView<T> dx) const {
  std::visit(
      [&]<class N>(const N& normalization) {
        if constexpr (N::traits.maps_tokens)
          normalization.backward(features.raw_of(first, x.cols()), features.mapped.middleCols(first, x.cols()),
                                 features.scale.segment(first, x.cols()), dphi);
      },
      normalization_);
  kernel_backward(features, x, first, dphi, dx);
}

template <class T>
void FeatureMap<T>::kernel_backward(Features<T>& features, ConstMatrixView<T> x, Index first, ConstMatrixView<T> dphi,
                                    MatrixView<T> dx) const {
  std::visit(
      [&]<class K>(const K& kernel) {
        if constexpr (ScalableKernel<K, T>)
          if (up_to_scale()) return kernel.backward_up_to_scale(x, features.raw_of(first, x.cols()), dphi, dx);
        kernel.backward(x, features.raw_of(first, x.cols()), dphi, dx);
      },
      kernel_);
}

template <class T>
Division<T> FeatureMap<T>::division(const Features<T>& features) const {
  const auto& slope = traits_of(normalization_).slope;
  if (!slope) return {};
  return {&features.scale, static_cast<T>(slope->ones), static_cast<T>(slope->own)};
}

template <class T>
bool FeatureMap<T>::contracts() const {
  const bool contracting = std::visit([]<class K>(const K&) { return ContractingKernel<K, T>; }, kernel_);
  return contracting && !maps_tokens();
}

template <class T>
void FeatureMap<T>::contract(ConstMatrixView<T> x, ConstVectorView<T> u, VectorView<T> c) const {
  std::visit(
      [&]<class K>(const K& kernel) {
        if constexpr (ContractingKernel<K, T>) kernel.contract(x, u, c);
      },
      kernel_);
}

template <class T>
void FeatureMap<T>::contract_backward(ConstMatrixView<T> x, ConstVectorView<T> u, ConstVectorView<T> dc,
                                      MatrixView<T> dx, VectorView<T> du) const {
  std::visit(
      [&]<class K>(const K& kernel) {
        if constexpr (ContractingKernel<K, T>) kernel.contract_backward(x, u, dc, dx, du);
      },
      kernel_);
}

template <class T>
bool FeatureMap<T>::factors() const {
  return !maps_tokens() && traits_of(kernel_).factors;
}

template <class T>
bool FeatureMap<T>::up_to_scale() const {
  const bool scalable = std::visit([]<class K>(const K&) { return ScalableKernel<K, T>; }, kernel_);
  return scalable && traits_of(normalization_).scale_free;
}

template <class T>
bool FeatureMap<T>::looks_at_features() const {
  return !traits_of(kernel_).forgets_features || !traits_of(normalization_).forgets_features;
}

}  // namespace palimpsest
