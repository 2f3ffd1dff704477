// From tokens to keys and queries as a fast weight memory uses them: kernel, then normalisation of single tokens. What
// is linear in a token (the lift of a kernel) is done to the model's tables.
#pragma once

#include <algorithm>
#include <utility>
#include <variant>
#include <vector>

#include "palimpsest/core/traits.hpp"
#include "palimpsest/kernel/all.hpp"
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
inline Index tokens_per_block(Index feature_dim) {
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

  /// Of a learnt kernel: adds to the gradients of parameters() what a table and the gradient by its lifted entries give its
  /// linear part, and what a gradient by whole lifted tokens gives its offset.
  void lift_learn(const Matrix<T>& table, const Matrix<T>& dlifted);
  void learn(const Matrix<T>& dlifted);

  /// Features of whole tokens, x: d×n. A kernel that lifts has them lifted in the buffer.
  void forward_tokens(ConstMatrixView<T> x, T epsilon, Matrix<T>& lifted, Features<T>& features) const;

  /// Its adjoint: adds to dx and to the gradients of parameters(). dphi is used up; dlifted is a buffer.
  void backward_tokens(Features<T>& features, ConstMatrixView<T> x, ConstMatrixView<T> lifted, MatrixView<T> dphi,
                       Matrix<T>& dlifted, MatrixView<T> dx);

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

// Compiled once, in the library, as FastWeight is: bodies are in feature_map_impl.hpp.
extern template class FeatureMap<float>;

}  // namespace palimpsest
