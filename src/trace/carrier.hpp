// A fast weight state that a trace follows, with all that maps its tokens to keys.
#pragma once

#include <cmath>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "palimpsest/kernel/all.hpp"
#include "palimpsest/memory/state.hpp"
#include "palimpsest/memory/token_tables.hpp"
#include "palimpsest/trace/source.hpp"
#include "palimpsest/train/configuration.hpp"

namespace palimpsest::trace {

/// A request with everything decided.
struct Setup {
  Configuration configuration;
  std::filesystem::path model;  ///< empty: random keys
  std::string source;  ///< normal, unit or trained
  Index keys, values;  ///< N, d_v
  bool distinct;       ///< a new value each write
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
      : normalization_(make_component<Normalizations<T>>("normalization", setup.configuration.normalization)),
        kernel_(make_kernel<T>(setup)),
        p_(std::visit([&](const auto& k) { return k.feature_dim(setup.configuration.key_dim); }, kernel_)),
        state_(make_component<Rules<T>>("rule", setup.configuration.rule), normalization_, setup.values, p_),
        raw_(p_, 1),
        k_(p_, 1),
        y_(setup.values),
        v_(Vector<T>::Zero(setup.values)),
        scale_(1) {
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
    Q_.resize(p_, queries.cols());
    for (Index n = 0; n < queries.cols(); ++n) Q_.col(n) = map(queries.col(n), T(kReadOutEpsilon));
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
      map(x_, T(0));
      const T beta = open(strength_, by_key, by_value, largest_), alpha = open(decay_, by_key, by_value, T(1));
      const bool seen = sight && j + 1 == steps_;
      if (seen) sight->before = read(k_.col(0));
      const auto effect = state_.write(k_.col(0), v_, beta, alpha);
      if (!seen) continue;
      sight->beta = beta;
      sight->alpha = alpha;
      sight->squared_norm = static_cast<double>(k_.squaredNorm());
      sight->written = effect.written;
      sight->kept = effect.kept;
      if (state_.accumulates()) sight->accumulator_mass = state_.z().dot(k_.col(0));
      sight->after = read(k_.col(0));
      sight->asked = answer(key);
    }
    v_(value) = T(0);
  }

  Vector<double> answer(int key) { return read(Q_.col(key)); }
  const FastWeightState<T>& state() const { return state_; }
  Index feature_dim() const { return p_; }

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

  Matrix<T> lift(const Matrix<float>& table) const {
    return std::visit([&](const auto& kernel) { return lifted<T>(kernel, table.cast<T>().eval()); }, kernel_);
  }

  /// φ of a lifted token, normalised; in k_.
  ConstVectorView<T> map(ConstMatrixView<T> x, T epsilon) {
    std::visit([&](const auto& kernel) { kernel.forward(x, raw_); }, kernel_);
    std::visit([&](const auto& normalization) { normalization.forward(raw_, k_, scale_, epsilon); }, normalization_);
    return k_.col(0);
  }

  Vector<double> read(ConstVectorView<T> q) {
    state_.read(q, y_);
    return y_.template cast<double>();
  }

  typename Normalizations<T>::Variant normalization_;
  typename Kernels<T>::Variant kernel_;
  Index p_, steps_ = 1;
  T largest_ = 1;
  FastWeightState<T> state_;
  Matrix<T> key_, value_, Q_;  // d̃×nN, d̃×nN or d̃×0, p×N
  Gate strength_, decay_;
  Matrix<T> x_, raw_, k_;  // d̃×1, p×1, p×1
  Vector<T> y_, v_, scale_;
};

}  // namespace palimpsest::trace
