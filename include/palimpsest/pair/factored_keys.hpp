// One query's products with keys that are sums of two table entries, for a kernel whose features of a sum are a product,
//   φ(a + b) = √p e^{−a·b} φ(a) ⊙ φ(b).
// Features are then made of the two tables, once a step, and none of a token: c_t = √p e^{−a·b} Σ_j φ(a)_j φ(b)_j u_j.
// Entries whose features have all underflowed answer nothing and are passed over.
#pragma once

#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "palimpsest/memory/feature_map.hpp"
#include "palimpsest/pair/write_columns.hpp"

namespace palimpsest {

template <class T>
class FactoredKeys {
 public:
  /// Maps the lifted tables (d̃×S, kept until `end`) and clears the gradients. d: size of a key before the lift; queries:
  /// features of all that will ask, p×N. False, and nothing else may be called, if factors could leave the range of T.
  bool begin(const FeatureMap<T>& map, const Matrix<T>& key, const Matrix<T>& value, const Matrix<T>& queries,
             Index d) {
    d_ = d;
    tables_ = {&key, &value};
    const T largest_product = longest(key) * longest(value);
    T largest = std::exp(largest_product);
    for (int i : {0, 1}) {
      map.forward(*tables_[i], T(0), features_[i]);
      gradients_[i].setZero(phi(i).rows(), phi(i).cols());
      peaks_[i] = phi(i).colwise().maxCoeff();
      largest *= std::max(T(1), peaks_[i].maxCoeff());
    }
    largest *= std::max(T(1), queries.maxCoeff());
    return largest < std::pow(std::numeric_limits<T>::max(), T(0.4));
  }

  /// What a contraction keeps for its adjoint.
  struct Kept {
    Vector<T> scale, c;  // L, √p e^{−a·b} and c
  };

  /// c_t = φ(k_t)·u of the writes; u: p, c: L.
  void contract(const WriteColumns<T>& writes, ConstVectorView<T> u, VectorView<T> c, Kept& kept) const {
    c.setZero();
    kept.scale.resize(c.size());
    for_each_write(writes, [&](Index t, Index key, Index value) {
      if (vanishes(key, value)) return;
      kept.scale(t) = std::sqrt(T(u.size())) * std::exp(-x(0, key).dot(x(1, value)));
      const auto product = token(phi(0), key).array() * token(phi(1), value).array();
      c(t) = kept.scale(t) * (product * u.array()).sum();
    });
    kept.c = c;
  }

  /// Adjoint of `contract`: du is added to; gradients by the lifted tables wait for `end`, but for those through
  /// e^{−a·b}, which are added to dkey and dvalue.
  void contract_backward(const WriteColumns<T>& writes, ConstVectorView<T> u, ConstVectorView<T> dc, const Kept& kept,
                         VectorView<T> du, Matrix<T>& dkey, Matrix<T>& dvalue) {
    for_each_write(writes, [&](Index t, Index key, Index value) {
      if (vanishes(key, value)) return;
      token(dkey, key).head(d_) -= kept.c(t) * dc(t) * x(1, value);
      token(dvalue, value).head(d_) -= kept.c(t) * dc(t) * x(0, key);
      product_backward(dc(t) * kept.scale(t), u.size(), column(phi(0), key), column(phi(1), value), u.data(),
                       column(gradients_[0], key), column(gradients_[1], value), du.data());
    });
  }

  /// Adds the gradients by the lifted tables.
  void end(const FeatureMap<T>& map, Matrix<T>& dkey, Matrix<T>& dvalue) {
    map.backward(features_[0], *tables_[0], 0, gradients_[0], dkey);
    map.backward(features_[1], *tables_[1], 0, gradients_[1], dvalue);
  }

 private:
  template <class F>
  static void for_each_write(const WriteColumns<T>& writes, F&& f) {
    for (Index t = 0; t < writes.size(); ++t) f(t, writes.keys()[t], writes.value_columns()[t]);
  }

  /// Adjoint of Σ_j a_j b_j u_j, times g.
  static void product_backward(T g, Index p, const T* __restrict a, const T* __restrict b, const T* __restrict u,
                               T* __restrict da, T* __restrict db, T* __restrict du) {
    for (Index j = 0; j < p; ++j) {
      da[j] += g * u[j] * b[j];
      db[j] += g * u[j] * a[j];
      du[j] += g * a[j] * b[j];
    }
  }

  T longest(const Matrix<T>& table) const { return table.topRows(d_).colwise().norm().maxCoeff(); }
  const Matrix<T>& phi(int table) const { return features_[table].phi(); }
  auto x(int table, Index entry) const { return token(*tables_[table], entry).head(d_); }
  bool vanishes(Index key, Index value) const {
    constexpr T kNothing = std::numeric_limits<T>::min();
    return peaks_[0](key) < kNothing || peaks_[1](value) < kNothing;
  }

  // Of the key table and of the value table.
  std::array<const Matrix<T>*, 2> tables_{};
  std::array<Features<T>, 2> features_;
  std::array<Matrix<T>, 2> gradients_;  // p×S, by the features
  std::array<Vector<T>, 2> peaks_;      // S, largest feature of an entry
  Index d_ = 0;
};

}  // namespace palimpsest
