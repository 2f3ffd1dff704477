// A fast weight state that a trace follows, with all that maps its tokens to keys.
#pragma once

#include <cmath>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "palimpsest/kernel/all.hpp"
#include "palimpsest/memory/feature_map.hpp"
#include "palimpsest/memory/state.hpp"
#include "palimpsest/memory/token_tables.hpp"
#include "palimpsest/trace/source.hpp"
#include "palimpsest/train/configuration.hpp"

namespace palimpsest::trace {

/// A request with everything decided.
struct Setup {
  Configuration configuration;
  std::filesystem::path model;  ///< empty: random keys
  std::string source;           ///< normal, unit or trained
  Index keys, values;           ///< N, d_v
  bool distinct;                ///< a new value each write
  Index writes;
  std::vector<Index> rows;  ///< t's to record, in order
  bool single;              ///< record the float state
  std::uint64_t seed;
  TokenTables<float> tables;
  FixedGates gates;  ///< of those that tables doesn't have
};

template <class T>
typename Kernels<T>::Variant make_kernel(const Setup& setup) {
  const Configuration& configuration = setup.configuration;
  auto kernel = make_component<Kernels<T>>("kernel", configuration.kernel);
  std::visit(
      [&]<class K>(K& k) {
        if constexpr (RandomKernel<K, T>) {
          Stream stream(configuration.seed, Purpose::redraw, 0);
          k.draw(configuration.key_dim, stream);
        }
        if constexpr (LearntKernel<K, T>) {
          k.start(configuration.key_dim);
          if (!setup.model.empty()) read_parameters(setup.model, k.parameters());
        }
      },
      kernel);
  return kernel;
}

/// What a state shows at one write. y: d_v each.
struct Sight {
  double beta, alpha, squared_norm, written, kept;
  std::optional<double> accumulator_mass;  ///< of a normalisation that has one
  Vector<double> before, after, asked;     ///< y by the key before and after the write, and by the query after it
};

/// A state with all that maps a token to its key.
template <class T>
class Carrier {
 public:
  explicit Carrier(const Setup& setup)
      : map_(make_kernel<T>(setup), make_normalization(setup), setup.configuration.key_dim),
        state_(make_component<Rules<T>>("rule", setup.configuration.rule), make_normalization(setup), setup.values,
               map_.feature_dim()),
        y_(setup.values),
        v_(Vector<T>::Zero(setup.values)) {
    const auto rule = make_component<Rules<T>>("rule", setup.configuration.rule);
    std::visit(
        [&]<class R>(const R& r) {
          steps_ = r.steps_a_write();
          largest_ = T(R::largest_strength);
        },
        rule);
    key_ = lift(setup.tables.key);
    value_ = lift(setup.tables.value);
    const Matrix<T> queries = lift(setup.tables.query);
    map_.forward(queries, T(kReadOutEpsilon), queries_);
    strength_ = gate(setup.tables.strength, setup.gates.beta);
    decay_ = gate(setup.tables.decay, setup.gates.alpha);
  }

  /// One write, with all its steps; sees the last one if asked to.
  void write(int key, int value, Sight* sight) {
    v_(value) = T(1);
    for (Index j = 0; j < steps_; ++j) {
      const Index by_key = key * steps_ + j, by_value = value * steps_ + j;
      x_ = key_.col(by_key);
      if (value_.cols() > 0) x_ += value_.col(by_value);
      map_.forward(x_, T(0), key_features_);
      const auto k = key_features_.phi().col(0);
      const T beta = open(strength_, by_key, by_value, largest_), alpha = open(decay_, by_key, by_value, T(1));
      const bool seen = sight && j + 1 == steps_;
      if (seen) sight->before = read(k);
      const auto effect = state_.write(k, v_, beta, alpha);
      if (!seen) continue;
      sight->beta = beta;
      sight->alpha = alpha;
      sight->squared_norm = static_cast<double>(k.squaredNorm());
      sight->written = effect.written;
      sight->kept = effect.kept;
      if (state_.accumulates()) sight->accumulator_mass = state_.z().dot(k);
      sight->after = read(k);
      sight->asked = answer(key);
    }
    v_(value) = T(0);
  }

  Vector<double> answer(int key) { return read(queries_.phi().col(key)); }
  const FastWeightState<T>& state() const { return state_; }
  Index feature_dim() const { return map_.feature_dim(); }

 private:
  struct Gate {
    T fixed;
    Vector<T> by_key, by_value;  // logits, or empty
  };

  static Gate gate(const GateTable<float>& table, double fixed) {
    return {static_cast<T>(fixed), table.key.cast<T>(), table.value.cast<T>()};
  }

  static T open(const Gate& gate, Index by_key, Index by_value, T largest) {
    if (gate.by_key.size() == 0) return gate.fixed;
    const T logit = gate.by_key(by_key) + (gate.by_value.size() > 0 ? gate.by_value(by_value) : T(0));
    return largest / (T(1) + std::exp(-logit));
  }

  static typename Normalizations<T>::Variant make_normalization(const Setup& setup) {
    return make_component<Normalizations<T>>("normalization", setup.configuration.normalization);
  }

  Matrix<T> lift(const Matrix<float>& table) const {
    const Matrix<T> plain = table.cast<T>();
    Matrix<T> lifted;
    return *map_.lift(plain, lifted);
  }

  Vector<double> read(ConstVectorView<T> q) {
    state_.read(q, y_);
    return y_.template cast<double>();
  }

  FeatureMap<T> map_;
  Index steps_ = 1;
  T largest_ = 1;
  FastWeightState<T> state_;
  Matrix<T> key_, value_;               // d̃×nN, d̃×nN or d̃×0
  Features<T> queries_, key_features_;  // of N queries, of the write's key
  Gate strength_, decay_;
  Matrix<T> x_;  // d̃×1
  Vector<T> y_, v_;
};

}  // namespace palimpsest::trace
