// From tokens to keys and queries as a fast weight memory uses them: kernel, then normalisation of single tokens. What
// is linear in a token (the lift of a kernel) is done to the model's tables.
#pragma once

#include <algorithm>
#include <utility>
#include <variant>
#include <vector>

#include "palimpsest/kernel/all.hpp"
#include "palimpsest/memory/token_tables.hpp"
#include "palimpsest/normalization/all.hpp"
#include "palimpsest/rule/rule.hpp"

namespace palimpsest {

/// Mapped and normalised tokens with what their adjoint needs.
template <class T>
struct Features {
  Matrix<T> raw;     // p×n, before normalisation; nothing if that maps in place
  Matrix<T> mapped;  // p×n, after it; unused if it maps nothing
  Vector<T> scale;   // n
  bool maps = false, in_place = false;

  const Matrix<T>& phi() const { return maps ? mapped : raw; }
  auto raw_of(Index first, Index count) { return (in_place ? mapped : raw).middleCols(first, count); }
};

/// How many tokens' features stay in the nearest cache until they are used again.
inline Index tokens_a_block(Index feature_dim) {
  constexpr Index kCacheFloats = 4096;
  return std::max<Index>(8, kCacheFloats / feature_dim / 2 * 2);
}

/// Calls f(first, count) over n tokens, `size` at a time.
template <class F>
void for_each_block(Index size, Index n, F&& f) {
  for (Index first = 0; first < n; first += size) f(first, std::min(size, n - first));
}

template <class T>
class FeatureMap {
 public:
  using KernelVariant = typename Kernels<T>::Variant;
  using NormalizationVariant = typename Normalizations<T>::Variant;

  /// d: size of a key before the feature map.
  FeatureMap(KernelVariant kernel, NormalizationVariant normalization, Index d);

  /// Size of a key before the feature map.
  Index key_dim() const { return d_; }

  const KernelVariant& kernel() const { return kernel_; }
  const NormalizationVariant& normalization() const { return normalization_; }

  Index feature_dim() const;

  /// Whether the normalisation divides by an accumulator, which is the memory's to keep.
  bool accumulates() const;

  /// Whether the normalisation changes single tokens.
  bool maps_tokens() const;

  /// A learnt kernel's parameters as they start.
  void start();

  /// New random features, if the kernel has any.
  void draw(Stream& stream);

  /// Ω (d×m) of a kernel with random features, else nothing.
  const Matrix<T>* random_features() const;

  /// Trained parameters: those of a learnt kernel.
  std::vector<Parameter<T>*> parameters();

  /// The table lifted, in the buffer; or the table itself if the kernel doesn't lift.
  const Matrix<T>* lift(const Matrix<T>& table, Matrix<T>& buffer) const;

  /// dtable is overwritten.
  void lift_backward(const Matrix<T>& dlifted, Matrix<T>& dtable) const;

  /// Adds to the gradients of parameters(); dkey, dvalue, dquery: by the lifted tables, each write in one column of
  /// dkey.
  void learn(const TokenTables<T>& tables, const Matrix<T>& dkey, const Matrix<T>& dvalue, const Matrix<T>& dquery);

  /// Makes room for n tokens.
  void resize(Index n, Features<T>& features) const;

  /// x: lifted tokens, d̃×n, those from `first` on.
  void forward(ConstMatrixView<T> x, Index first, T epsilon, Features<T>& features) const;

  /// All tokens at once.
  void forward(ConstMatrixView<T> x, T epsilon, Features<T>& features) const {
    resize(x.cols(), features);
    forward(x, 0, epsilon, features);
  }

  /// dx += adjoint, of the tokens from `first` on, as many as x has; dphi is used up.
  void backward(Features<T>& features, ConstMatrixView<T> x, Index first, MatrixView<T> dphi, MatrixView<T> dx) const;

  /// The same from a gradient by the tokens before normalisation.
  void kernel_backward(Features<T>& features, ConstMatrixView<T> x, Index first, ConstMatrixView<T> dphi,
                       MatrixView<T> dx) const;

  /// What normalisation did to keys, if that was to divide each by a number.
  Division<T> division(const Features<T>& features) const;

  /// Whether one query's products can be had without forming features: by contract and contract_backward, which are as
  /// in kernel/kernel.hpp.
  bool contracts() const;
  void contract(ConstMatrixView<T> x, ConstVectorView<T> u, VectorView<T> c) const;
  void contract_backward(ConstMatrixView<T> x, ConstVectorView<T> u, ConstVectorView<T> dc, MatrixView<T> dx,
                         VectorView<T> du) const;

  /// Whether features of a sum are a product of features; see kernel/kernel.hpp.
  bool factors() const;

 private:
  /// Whether features come up to a factor, which the normalisation takes out.
  bool up_to_scale() const;

  /// Whether an adjoint looks at features as they were before normalisation.
  bool looks_at_features() const;

  KernelVariant kernel_;
  NormalizationVariant normalization_;
  Index d_;
};

template <class T>
FeatureMap<T>::FeatureMap(KernelVariant kernel, NormalizationVariant normalization, Index d)
    : kernel_(std::move(kernel)), normalization_(std::move(normalization)), d_(d) {}

template <class T>
Index FeatureMap<T>::feature_dim() const {
  return std::visit([&](const auto& kernel) { return kernel.feature_dim(d_); }, kernel_);
}

template <class T>
bool FeatureMap<T>::accumulates() const {
  return std::visit([]<class N>(const N&) { return N::accumulates; }, normalization_);
}

template <class T>
bool FeatureMap<T>::maps_tokens() const {
  return std::visit([]<class N>(const N&) { return N::maps_tokens; }, normalization_);
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
void FeatureMap<T>::learn(const TokenTables<T>& tables, const Matrix<T>& dkey, const Matrix<T>& dvalue,
                          const Matrix<T>& dquery) {
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
        if constexpr (N::maps_tokens)
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
  return std::visit(
      [&]<class N>(const N&) -> Division<T> {
        if constexpr (N::maps_tokens && requires { N::slope_ones; })
          return {&features.scale, N::slope_ones, N::slope_own};
        return {};
      },
      normalization_);
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
  return !maps_tokens() && std::visit(
                               []<class K>(const K&) {
                                 return requires { K::factors; };
                               },
                               kernel_);
}

template <class T>
bool FeatureMap<T>::up_to_scale() const {
  return std::visit(
      []<class K, class N>(const K&, const N&) {
        return ScalableKernel<K, T> && requires { N::scale_free; };
      },
      kernel_, normalization_);
}

template <class T>
bool FeatureMap<T>::looks_at_features() const {
  return std::visit(
             []<class K>(const K&) {
               return !requires { K::forgets_features; };
             },
             kernel_) ||
         std::visit(
             []<class N>(const N&) {
               return !requires { N::forgets_features; };
             },
             normalization_);
}

// Compiled once, in the library, as FastWeight is.
extern template class FeatureMap<float>;
extern template class FeatureMap<double>;

}  // namespace palimpsest
