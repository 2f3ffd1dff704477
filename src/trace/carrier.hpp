// A fast weight state that a trace follows, with all that maps its tokens to keys.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "palimpsest/core/precision.hpp"
#include "palimpsest/kernel/all.hpp"
#include "palimpsest/memory/fast_weight_parts.hpp"
#include "palimpsest/memory/feature_map.hpp"
#include "palimpsest/memory/rule_gates.hpp"
#include "palimpsest/memory/state.hpp"
#include "palimpsest/trace/source.hpp"
#include "trace/setup.hpp"

namespace palimpsest::trace {

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
  std::vector<double> gates;  ///< in the order of the rule's list; of one per feature the mean
  double squared_norm, written, kept;
  std::optional<double> accumulator_mass;  ///< of a normalisation that has one
  Vector<double> before, after, asked;     ///< y by the key before and after the write, and by the query after it
};

/// A state with all that maps a token to its key. Keys and queries are in T, the state in Stored.
template <class T, class Stored = T>
class Carrier {
 public:
  explicit Carrier(const Setup& setup) : Carrier(setup, make_component<Rules<T>>("rule", setup.configuration.rule)) {}

  /// One write, with all its steps; sees the last one if asked to.
  void write(int key, int value, Sight* sight) {
    v_(value) = T(1);
    for (Index j = 0; j < steps_; ++j) {
      const Index by_key = key * steps_ + j, by_value = value * steps_ + j;
      x_ = key_.col(by_key);
      if (value_.cols() > 0) x_ += value_.col(by_value);
      map_.forward(x_, T(0), key_features_);
      const auto k = key_features_.phi().col(0);
      gates_.open(
          feature_dim(), 1, opened_, [&](std::size_t i) { return learns(i); },
          [&](std::size_t i, Matrix<T>& logits) {
            logits = logits_[i].key.col(by_key);
            if (logits_[i].value.size() > 0) logits += logits_[i].value.col(by_value);
          });
      const bool seen = sight && j + 1 == steps_;
      if (seen) sight->before = read(k);
      WriteEffect<T> effect;
      state_.write_gated(k, v_, opened_.gates, seen ? &effect : nullptr);
      if (!seen) continue;
      sight->gates.clear();
      for (const auto& gate : opened_.gates) sight->gates.push_back(static_cast<double>(gate.mean()));
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
  FastWeightState<T, Stored>& state() { return state_; }
  Index feature_dim() const { return map_.feature_dim(); }

 private:
  Carrier(const Setup& setup, const typename Rules<T>::Variant& rule)
      : map_(make_kernel<T>(setup), make_normalization(setup), setup.configuration.key_dim),
        steps_(std::visit([](const auto& r) { return r.steps_per_write(); }, rule)),
        state_(rule, make_normalization(setup), setup.values, map_.feature_dim()),
        gates_(gates_of(rule), setup.fixed, largest_beta(rule, setup)),
        y_(setup.values),
        v_(Vector<T>::Zero(setup.values)) {
    key_ = lift(setup.tables.key);
    value_ = lift(setup.tables.value);
    const Matrix<T> queries = lift(setup.tables.query);
    map_.forward(queries, T(kReadOutEpsilon), queries_);
    for (const auto& [key, value] : setup.tables.gates)
      logits_.push_back({key.template cast<T>(), value.template cast<T>()});
    gates_.start(feature_dim());
    std::vector<Parameter<T>*> shared;
    for (auto& parameter : gates_.shared()) shared.push_back(&parameter);
    if (!setup.model.empty()) read_parameters(setup.model, shared);
  }

  bool learns(std::size_t gate) const {
    return gate < logits_.size() && logits_[gate].learnt() && gates_.may_learn(gates_.list()[gate]);
  }

  /// What the sigmoid of β's logit is multiplied by.
  static T largest_beta(const typename Rules<T>::Variant& rule, const Setup& setup) {
    return static_cast<T>(traits_of(rule).largest_beta(setup.configuration.largest_beta));
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
  Index steps_;
  FastWeightState<T, Stored> state_;
  RuleGates<T> gates_;
  std::vector<GateTable<T>> logits_;    // of the gates that are learnt
  Writes<T> opened_;                    // gates of the last write
  Matrix<T> key_, value_;               // d̃×nN, d̃×nN or d̃×0
  Features<T> queries_, key_features_;  // of N queries, of the write's key
  Matrix<T> x_;                         // d̃×1
  Vector<T> y_, v_;
};

}  // namespace palimpsest::trace
