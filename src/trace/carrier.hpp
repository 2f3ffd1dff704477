// A fast weight state that a trace follows, with all that maps its tokens to keys.
#pragma once

#include <cmath>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "palimpsest/core/precision.hpp"
#include "palimpsest/kernel/all.hpp"
#include "palimpsest/memory/feature_map.hpp"
#include "palimpsest/memory/state.hpp"
#include "palimpsest/pair/token_tables.hpp"
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
  std::vector<Index> rows;        ///< t's to record, in order
  Precisions::Variant precision;  ///< of the state to record
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

/// A state with all that maps a token to its key. Keys and queries are in T, the state in Stored.
template <class T, class Stored = T>
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
          gate_list_.assign(R::gates.begin(), R::gates.end());
        },
        rule);
    const RuleTraits& is = traits_of(rule);
    largest_ = T(is.may_reflect ? setup.configuration.largest_beta : is.largest_strength);
    key_ = lift(setup.tables.key);
    value_ = lift(setup.tables.value);
    const Matrix<T> queries = lift(setup.tables.query);
    map_.forward(queries, T(kReadOutEpsilon), queries_);
    for (std::size_t i = 0; i < gate_list_.size(); ++i) {
      const auto& listed = gate_list_[i];
      const auto fixed = setup.gates.find(listed.name);
      const Index rows = listed.per_feature ? feature_dim() : 1;
      Gate gate;
      gate.fixed.setConstant(rows, 1, fixed == setup.gates.end() ? T(1) : static_cast<T>(fixed->second));
      if (listed.constant && fixed == setup.gates.end()) {
        Parameter<T> constant(std::string(listed.name), rows, 1);
        constant.value.setConstant(static_cast<T>(listed.start));
        if (!setup.model.empty()) read_parameters(setup.model, std::vector<Parameter<T>*>{&constant});
        gate.fixed = constant.value;
      }
      if (i < setup.tables.gates.size()) {
        gate.by_key = setup.tables.gates[i].key.template cast<T>();
        gate.by_value = setup.tables.gates[i].value.template cast<T>();
      }
      gates_.push_back(std::move(gate));
    }
    opened_.resize(gates_.size());
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
      for (std::size_t i = 0; i < gates_.size(); ++i)
        open(gates_[i], by_key, by_value, gate_list_[i].name == kBeta.name ? largest_ : T(1), opened_[i]);
      const bool seen = sight && j + 1 == steps_;
      if (seen) sight->before = read(k);
      const auto effect = state_.write_gated(k, v_, opened_);
      if (!seen) continue;
      sight->beta = opened(kBeta);
      sight->alpha = opened(kAlpha);
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
  const FastWeightState<T, Stored>& state() const { return state_; }
  Index feature_dim() const { return map_.feature_dim(); }

 private:
  struct Gate {
    Matrix<T> fixed, by_key, by_value;  // rows×1; logits, a column per token, or empty
  };

  /// 1 of a gate that the rule doesn't have; the mean of one per feature.
  double opened(const palimpsest::Gate& gate) const {
    const int i = index_of(gate_list_, gate.name);
    return i < 0 ? 1.0 : static_cast<double>(opened_[static_cast<std::size_t>(i)].mean());
  }

  static void open(const Gate& gate, Index by_key, Index by_value, T largest, Matrix<T>& opened) {
    if (gate.by_key.size() == 0) {
      opened = gate.fixed;
      return;
    }
    opened = gate.by_key.col(by_key);
    if (gate.by_value.size() > 0) opened += gate.by_value.col(by_value);
    for (T& x : opened.reshaped()) x = largest / (T(1) + std::exp(-x));
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
  FastWeightState<T, Stored> state_;
  Matrix<T> key_, value_;               // d̃×nN, d̃×nN or d̃×0
  Features<T> queries_, key_features_;  // of N queries, of the write's key
  std::vector<palimpsest::Gate> gate_list_;
  std::vector<Gate> gates_;
  std::vector<Matrix<T>> opened_;  // of the last write
  Matrix<T> x_;                    // d̃×1
  Vector<T> y_, v_;
};

}  // namespace palimpsest::trace
