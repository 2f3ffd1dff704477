// From tokens to keys and queries as a fast weight memory uses them: kernel, then normalisation of single tokens. What is
// linear in a token (the lift of a kernel) is done to the model's tables.
#pragma once

#include <utility>
#include <variant>
#include <vector>

#include "palimpsest/kernel/all.hpp"
#include "palimpsest/memory/token_tables.hpp"
#include "palimpsest/normalization/all.hpp"

namespace palimpsest {

/// Mapped and normalised tokens with what their adjoint needs.
template <class T>
struct Features {
  Matrix<T> raw;     // p×n, before normalisation
  Matrix<T> mapped;  // p×n, after it; unused if it maps nothing
  Vector<T> scale;   // n
  bool maps = false;

  const Matrix<T>& phi() const { return maps ? mapped : raw; }
};

template <class T>
class FeatureMap {
 public:
  using KernelVariant = typename Kernels<T>::Variant;
  using NormalizationVariant = typename Normalizations<T>::Variant;

  /// d: size of a key before the feature map.
  FeatureMap(KernelVariant kernel, NormalizationVariant normalization, Index d)
      : kernel_(std::move(kernel)), normalization_(std::move(normalization)), d_(d) {}

  Index feature_dim() const {
    return std::visit([&](const auto& kernel) { return kernel.feature_dim(d_); }, kernel_);
  }

  /// Whether the normalisation divides by an accumulator, which is the memory's to keep.
  bool accumulates() const {
    return std::visit([]<class N>(const N&) { return N::accumulates; }, normalization_);
  }

  /// New random features, if the kernel has any.
  void draw(Stream& stream) {
    std::visit(
        [&]<class K>(K& kernel) {
          if constexpr (RandomKernel<K, T>) kernel.draw(d_, stream);
        },
        kernel_);
  }

  /// Ω (d×m) of a kernel with random features, else nothing.
  const Matrix<T>* random_features() const {
    return std::visit(
        []<class K>(const K& kernel) -> const Matrix<T>* {
          if constexpr (RandomKernel<K, T>) return &kernel.omega;
          return nullptr;
        },
        kernel_);
  }

  /// Trained parameters: those of a learnt kernel.
  std::vector<Parameter<T>*> parameters() {
    return std::visit(
        []<class K>(K& kernel) -> std::vector<Parameter<T>*> {
          if constexpr (LearntKernel<K, T>) return kernel.parameters();
          return {};
        },
        kernel_);
  }

  /// The table lifted, in the buffer; or the table itself if the kernel doesn't lift.
  const Matrix<T>* lift(const Matrix<T>& table, Matrix<T>& buffer) const {
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

  /// dtable is overwritten.
  void lift_backward(const Matrix<T>& dlifted, Matrix<T>& dtable) const {
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

  /// Adds to the gradients of parameters(); dkey, dvalue, dquery: by the lifted tables, each write in one column of dkey.
  void learn(const TokenTables<T>& tables, const Matrix<T>& dkey, const Matrix<T>& dvalue, const Matrix<T>& dquery) {
    std::visit(
        [&]<class K>(K& kernel) {
          if constexpr (LearntKernel<K, T>) {
            kernel.lift_learn(tables.key, dkey);
            if (tables.keys_depend_on_values()) kernel.lift_learn(tables.value, dvalue);
            kernel.lift_learn(tables.query, dquery);
            kernel.learn(dkey);
            kernel.learn(dquery);
          }
        },
        kernel_);
  }

  /// x: lifted tokens, d̃×n.
  void forward(ConstMatrixView<T> x, T epsilon, Features<T>& features) const {
    features.raw.resize(feature_dim(), x.cols());
    std::visit([&](const auto& kernel) { kernel.forward(x, features.raw); }, kernel_);
    std::visit(
        [&]<class N>(const N& normalization) {
          features.maps = N::maps_tokens;
          if (!features.maps) return;
          features.mapped.resize(features.raw.rows(), features.raw.cols());
          features.scale.resize(x.cols());
          normalization.forward(features.raw, features.mapped, features.scale, epsilon);
        },
        normalization_);
  }

  /// dx += adjoint, of the tokens from `first` on, as many as x has; dphi is used up.
  void backward(const Features<T>& features, ConstMatrixView<T> x, Index first, MatrixView<T> dphi, MatrixView<T> dx) const {
    const auto raw = features.raw.middleCols(first, x.cols());
    std::visit(
        [&]<class N>(const N& normalization) {
          if constexpr (N::maps_tokens)
            normalization.backward(raw, features.mapped.middleCols(first, x.cols()),
                                   features.scale.segment(first, x.cols()), dphi);
        },
        normalization_);
    std::visit([&](const auto& kernel) { kernel.backward(x, raw, dphi, dx); }, kernel_);
  }

  /// Whether one query's products can be had without forming features.
  bool contracts() const {
    const bool contracting = std::visit([]<class K>(const K&) { return ContractingKernel<K, T>; }, kernel_);
    const bool maps = std::visit([]<class N>(const N&) { return N::maps_tokens; }, normalization_);
    return contracting && !maps;
  }

  /// Calls f(kernel) if the kernel contracts.
  template <class F>
  void visit_contracting(F&& f) const {
    std::visit(
        [&]<class K>(const K& kernel) {
          if constexpr (ContractingKernel<K, T>) f(kernel);
        },
        kernel_);
  }

 private:
  KernelVariant kernel_;
  NormalizationVariant normalization_;
  Index d_;
};

}  // namespace palimpsest
