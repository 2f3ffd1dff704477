// Fast weight memory: a kernel, an update rule and a normalisation, three independent axes.
//
// All rules that are linear in the values are computed from the queries' side: coefficients C (L×N), then outputs
// Y = V C, so that the state W (d_v×p) is never formed and a training step with one query an episode costs O(L·p) and
// not O(L·p·S). README.md beside this file derives it. Use: begin(tables), then read (and backward) for each episode, then
// end(gradient).
#pragma once

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "palimpsest/memory/accumulator.hpp"
#include "palimpsest/memory/factored_keys.hpp"
#include "palimpsest/memory/feature_map.hpp"
#include "palimpsest/memory/token_tables.hpp"
#include "palimpsest/memory/values.hpp"
#include "palimpsest/memory/write_columns.hpp"
#include "palimpsest/rule/all.hpp"
#include "palimpsest/task/episode.hpp"

namespace palimpsest {

template <class T>
class FastWeight {
 public:
  using KernelVariant = typename FeatureMap<T>::KernelVariant;
  using RuleVariant = typename Rules<T>::Variant;
  using NormalizationVariant = typename FeatureMap<T>::NormalizationVariant;

  static constexpr std::string_view name = "fast_weight";
  static constexpr std::string_view summary = "state of fixed size: kernel, update rule and normalisation";

  /// d: size of a key before the feature map. A learnt kernel comes with its parameters.
  FastWeight(KernelVariant kernel, RuleVariant rule, NormalizationVariant normalization, Index d,
             FixedGates gates = {});
  FastWeight(const FastWeight&);
  FastWeight(FastWeight&&) noexcept;

  Index feature_dim() const;

  /// New random features, if the kernel has any; before begin.
  void draw(Stream& stream);

  /// Ω (d×m) of a kernel with random features, else nothing.
  const Matrix<T>* random_features() const;

  /// Trained parameters of its own: those of a learnt kernel.
  std::vector<Parameter<T>*> parameters();

  /// Takes a step's tables (they must outlive it) and clears the gradients.
  void begin(const TokenTables<T>& tables);

  /// Y: S×N, the answers to the queries `columns` of the tables after all writes of the episode.
  void read(const Episode& episode, const std::vector<int>& columns, MatrixView<T> Y);

  /// Adjoint of the last read: dY: S×N.
  void backward(const Episode&, const std::vector<int>& columns, ConstMatrixView<T> dY);

  /// Gradients of the whole step, by the tables and in `parameters()`.
  void end(TokenTables<T>& gradient);

  /// Coefficients of the last read, L×N (nL×N with n steps a write), normalised: which writes answer a query. Empty for
  /// a rule that isn't linear in the values.
  const Matrix<T>& coefficients() const { return C_; }

  /// Whether that answer of the last read was divided by ε more than by z·q: features, and with them z·q, underflow.
  bool divided_by_epsilon(Index n) const {
    return map_.accumulates() && linear_in_values() && divisor_(n) < 2 * T(kReadOutEpsilon);
  }

  /// Gates of the writes of the last read; empty if the rule has none.
  const Writes<T>& writes() const { return writes_; }

 private:
  template <class F>
  decltype(auto) visit_rule(F&& f) const {
    return std::visit(std::forward<F>(f), rule_);
  }

  /// Calls f(rule, workspace) if the rule has coefficients …
  template <class F>
  void visit_linear_rule(F&& f) {
    std::visit(
        [&]<class R>(const R& rule) {
          if constexpr (!StateRule<R>) f(rule, std::get<typename R::Workspace>(workspaces_));
        },
        rule_);
  }

  /// … or if it has none.
  template <class F>
  void visit_state_rule(F&& f) {
    std::visit(
        [&]<class R>(const R& rule) {
          if constexpr (StateRule<R>) f(rule, std::get<typename R::Workspace>(workspaces_));
        },
        rule_);
  }

  bool separable() const {
    return visit_rule([]<class R>(const R&) { return R::separable; });
  }

  bool linear_in_values() const {
    return visit_rule([]<class R>(const R&) { return !StateRule<R>; });
  }

  bool retrieves() const {
    return visit_rule([]<class R>(const R&) { return R::retrieves; });
  }

  /// Whether an accumulator that is no sum of coefficients divides them.
  bool divides() const { return map_.accumulates() && linear_in_values() && !separable(); }

  /// Without values in the keys a separable rule has one coefficient a (key, query), shared by all episodes of a step.
  bool one_coefficient_a_key() const { return separable() && !tables_->keys_depend_on_values(); }

  /// Whether one query is answered without forming features.
  bool contracts(Index N) const { return N == 1 && separable() && map_.contracts(); }

  /// Whether one query is answered from the features of the tables' entries, which are then ready.
  bool factors(Index N) {
    if (N != 1 || !separable() || !map_.factors() || !tables_->keys_depend_on_values()) return false;
    if (!factored_) factored_ = factored_keys_.begin(map_, *key_, *value_, query_features_.phi(), map_.key_dim());
    return *factored_;
  }

  /// How many of L writes the adjoint of N queries takes together: gradients by features, which are used once, then stay
  /// in the nearest cache. A contraction forms none.
  Index block_size(Index L, Index N) const {
    const bool in_blocks = visit_rule([]<class R>(const R&) { return R::in_blocks; });
    const bool whole = contracts(N) || !(separable() || (N == 1 && in_blocks && !map_.accumulates()));
    return whole ? L : tokens_a_block(feature_dim());
  }

  /// C of the writes whose features were computed last.
  void coefficients(ConstMatrixView<T> Q, MatrixView<T> C) {
    visit_linear_rule(
        [&](const auto& rule, auto& work) { rule.coefficients(key_features_.phi(), writes_, Q, C, work); });
  }

  /// β, α and ρ of all writes, from the gate tables and the keys' features.
  void open_gates() {
    const Index L = write_columns_.size();
    write_columns_.open_gate(tables_->strength, gates_.beta, writes_.beta);
    writes_.beta *= learnt_strength();
    write_columns_.open_gate(tables_->decay, gates_.alpha, writes_.alpha);
    if (!map_.accumulates()) {
      writes_.retrieval.setOnes(L);
    } else if (retrieves()) {
      accumulator_.retrieval(key_features_.phi(), writes_.retrieval);
    } else {
      writes_.retrieval.setOnes(L);
      accumulator_.sum(key_features_.phi());
    }
  }

  /// dx of the writes from `first`, through their features; adds to dQ_block and to the gates' gradients.
  void features_backward(Index first, Index count, ConstMatrixView<T> Q, ConstMatrixView<T> dY);

  /// Largest β, which a learnt sigmoid is multiplied by.
  T learnt_strength() const {
    return tables_->strength.learnt() ? visit_rule([]<class R>(const R&) { return T(R::largest_strength); }) : T(1);
  }

  /// Gradients by the gates' logits from those by the gates: dσ = σ(1 − σ), β = largest · σ.
  void close_gates() {
    if (tables_->strength.learnt()) {
      const T largest = learnt_strength();
      dwrites_.beta.array() *= writes_.beta.array() * (1 - writes_.beta.array() / largest);
      write_columns_.close_gate(dwrites_.beta, dstrength_);
    }
    if (tables_->decay.learnt()) {
      dwrites_.alpha.array() *= writes_.alpha.array() * (1 - writes_.alpha.array());
      write_columns_.close_gate(dwrites_.alpha, ddecay_);
    }
  }

  /// Calls f with the features of the queries `columns`, p×N; a run of neighbours is not copied.
  template <class F>
  void with_queries(const std::vector<int>& columns, F&& f) {
    const Index N = std::ssize(columns);
    if (std::ranges::adjacent_find(columns, [](int a, int b) { return b != a + 1; }) == columns.end()) {
      f(query_features_.phi().middleCols(columns.front(), N));
    } else {
      Q_.resize(query_features_.phi().rows(), N);
      for (Index n = 0; n < N; ++n) Q_.col(n) = query_features_.phi().col(columns[n]);
      f(Q_);
    }
  }

  FeatureMap<T> map_;
  RuleVariant rule_;
  FixedGates gates_;
  WriteColumns<T> write_columns_;  // of the last read
  typename WorkspacesOf<Rules<T>>::type workspaces_;

  const TokenTables<T>* tables_ = nullptr;
  const Matrix<T>*key_ = nullptr, *value_ = nullptr, *query_ = nullptr;  // lifted tables: d̃×S, d̃×S or d̃×0, d̃×N
  Matrix<T> lifted_key_, lifted_value_, lifted_query_;                   // their storage if the kernel lifts
  Matrix<T> dkey_, dvalue_;                                              // gradients by the lifted tables
  Features<T> query_features_;                                           // all queries of the step, p×N
  Matrix<T> dQ_;                                                         // p×N, by the mapped queries

  Features<T> key_features_;      // the writes of the last read, or all keys if one_coefficient_a_key
  Matrix<T> x_, dx_;              // d̃×L, lifted keys of the writes; of a block d̃×n
  Matrix<T> dK_, dQ_block_, Q_;   // p×n, p×N, p×N
  Matrix<T> C_, dC_;              // L×N
  Vector<T> divisor_, ddivisor_;  // N, z·q + ε
  Writes<T> writes_, dwrites_;    // of the last read
  Accumulator<T> accumulator_;
  GateTable<T> dstrength_, ddecay_;  // by the gates' logits

  Matrix<T> by_key_, dby_key_;  // S×N

  FactoredKeys<T> factored_keys_;
  std::optional<bool> factored_;  // whether they serve this step, once that is known
};

template <class T>
FastWeight<T>::FastWeight(KernelVariant kernel, RuleVariant rule, NormalizationVariant normalization, Index d,
                          FixedGates gates)
    : map_(std::move(kernel), std::move(normalization), d),
      rule_(std::move(rule)),
      gates_(gates),
      write_columns_(std::visit([](const auto& r) { return r.steps_a_write(); }, rule_)) {}

template <class T>
FastWeight<T>::FastWeight(const FastWeight&) = default;

template <class T>
FastWeight<T>::FastWeight(FastWeight&&) noexcept = default;

template <class T>
Index FastWeight<T>::feature_dim() const {
  return map_.feature_dim();
}

template <class T>
void FastWeight<T>::draw(Stream& stream) {
  map_.draw(stream);
}

template <class T>
const Matrix<T>* FastWeight<T>::random_features() const {
  return map_.random_features();
}

template <class T>
std::vector<Parameter<T>*> FastWeight<T>::parameters() {
  return map_.parameters();
}

template <class T>
void FastWeight<T>::begin(const TokenTables<T>& tables) {
  tables_ = &tables;
  factored_.reset();
  key_ = map_.lift(tables.key, lifted_key_);
  value_ = map_.lift(tables.value, lifted_value_);
  query_ = map_.lift(tables.query, lifted_query_);
  map_.forward(*query_, T(kReadOutEpsilon), query_features_);
  dkey_.setZero(key_->rows(), key_->cols());
  dvalue_.setZero(value_->rows(), value_->cols());
  dQ_.setZero(feature_dim(), query_->cols());
  for (auto* parameter : parameters()) parameter->gradient.setZero();
  for (auto [table, gradient] : {std::pair{&tables.strength, &dstrength_}, {&tables.decay, &ddecay_}}) {
    gradient->key.setZero(table->key.size());
    gradient->value.setZero(table->value.size());
  }
  if (one_coefficient_a_key()) {
    map_.forward(*key_, T(0), key_features_);
    by_key_.resize(key_->cols(), query_->cols());
    coefficients(query_features_.phi(), by_key_);
    dby_key_.setZero(by_key_.rows(), by_key_.cols());
  }
}

template <class T>
void FastWeight<T>::read(const Episode& episode, const std::vector<int>& columns, MatrixView<T> Y) {
  write_columns_.take(episode);
  const Index L = write_columns_.size(), N = std::ssize(columns);
  C_.resize(linear_in_values() ? L : 0, N);
  if (one_coefficient_a_key()) {
    for (Index n = 0; n < N; ++n)
      for (Index t = 0; t < L; ++t) C_(t, n) = by_key_(write_columns_.keys()[t], columns[n]);
  } else if (factors(N)) {
    with_queries(columns, [&](ConstMatrixView<T> Q) { factored_keys_.contract(write_columns_, Q.col(0), C_.col(0)); });
  } else {
    with_queries(columns, [&](ConstMatrixView<T> Q) {
      const Index block = map_.maps_tokens() ? block_size(L, N) : L;
      if (!contracts(N)) map_.resize(L, key_features_);
      x_.resize(key_->rows(), L);
      for_each_block(block, L, [&](Index first, Index count) {
        MatrixView<T> x = x_.middleCols(first, count);
        write_columns_.gather(*key_, *value_, first, x);
        if (contracts(N)) {
          map_.contract(x, Q.col(0), C_.col(0).segment(first, count));
        } else {
          map_.forward(x, first, T(0), key_features_);
        }
      });
      if (contracts(N)) return;
      if (!separable()) open_gates();
      if (linear_in_values()) {
        coefficients(Q, C_);
        if (divides()) accumulator_.divisor(Q, divisor_);
      } else {
        visit_state_rule([&](const auto& rule, auto& work) {
          rule.answers(key_features_.phi(), writes_, write_columns_.values(), Q, Y, work);
        });
      }
    });
  }
  if (!linear_in_values()) return;
  if (map_.accumulates()) {
    // z·q = Σ_t k_t·q = Σ_t c_t if the rule is separable
    if (separable()) divisor_ = C_.colwise().sum().array() + T(kReadOutEpsilon);
    for (Index n = 0; n < N; ++n) C_.col(n) /= divisor_(n);
  }
  scatter_to_values<T>(write_columns_.values(), C_, Y);
}

template <class T>
void FastWeight<T>::backward(const Episode&, const std::vector<int>& columns, ConstMatrixView<T> dY) {
  const Index L = write_columns_.size(), N = std::ssize(columns);
  if (linear_in_values()) {
    dC_.resize(L, N);
    gather_from_values<T>(write_columns_.values(), dY, dC_);
    if (map_.accumulates() && separable())  // c' = c/(Σc + ε):  dc = (dc' − c'·dc')/(Σc + ε)
      for (Index n = 0; n < N; ++n) dC_.col(n).array() = (dC_.col(n).array() - C_.col(n).dot(dC_.col(n))) / divisor_(n);
  }
  if (one_coefficient_a_key()) {
    for (Index n = 0; n < N; ++n)
      for (Index t = 0; t < L; ++t) dby_key_(write_columns_.keys()[t], columns[n]) += dC_(t, n);
    return;
  }
  with_queries(columns, [&](ConstMatrixView<T> Q) {
    dQ_block_.setZero(Q.rows(), N);
    if (factors(N)) {
      factored_keys_.contract_backward(write_columns_, Q.col(0), dC_.col(0), dQ_block_.col(0), dkey_, dvalue_);
      return;
    }
    if (!separable()) dwrites_.set_constant(L, T(0));
    if (divides()) {  // c' = c/D:  dD = −c'·dc'/D,  dc = dc'/D
      ddivisor_.resize(N);
      for (Index n = 0; n < N; ++n) {
        ddivisor_(n) = -C_.col(n).dot(dC_.col(n)) / divisor_(n);
        dC_.col(n) /= divisor_(n);
      }
    }
    for_each_block(block_size(L, N), L, [&](Index first, Index count) {
      dx_.setZero(x_.rows(), count);
      if (contracts(N))
        map_.contract_backward(x_.middleCols(first, count), Q.col(0), dC_.col(0).segment(first, count), dx_,
                               dQ_block_.col(0));
      else
        features_backward(first, count, Q, dY);
      write_columns_.scatter(dx_, first, dkey_, dvalue_);
    });
    if (!separable()) close_gates();
  });
  for (Index n = 0; n < N; ++n) dQ_.col(columns[n]) += dQ_block_.col(n);
}

template <class T>
void FastWeight<T>::features_backward(Index first, Index count, ConstMatrixView<T> Q, ConstMatrixView<T> dY) {
  const ConstMatrixView<T> x = x_.middleCols(first, count);
  dK_.resize(Q.rows(), count);
  bool undivided = false;  // whether dK is by the keys before normalisation
  visit_linear_rule([&]<class R>(const R& rule, auto& work) {
    const auto backward = [&](auto... division) {
      rule.backward(first, key_features_.phi().middleCols(first, count), writes_, Q, C_.middleRows(first, count),
                    dC_.middleRows(first, count), work, dK_, dwrites_, dQ_block_, division...);
    };
    if constexpr (requires { R::undivides; }) {
      const auto division = divides() ? Division<T>() : map_.division(key_features_);
      undivided = division.scale != nullptr;
      backward(division);
    } else {
      backward();
    }
  });
  visit_state_rule([&](const auto& rule, auto& work) {
    rule.backward(key_features_.phi(), writes_, write_columns_.values(), Q, dY, work, dK_, dwrites_, dQ_block_);
  });
  if (divides()) {
    accumulator_.divisor_backward(Q, ddivisor_, dQ_block_);
    accumulator_.backward(key_features_.phi(), writes_.retrieval, dwrites_.retrieval, retrieves(), dK_);
  }
  if (undivided)
    map_.kernel_backward(key_features_, x, first, dK_, dx_);
  else
    map_.backward(key_features_, x, first, dK_, dx_);
}

template <class T>
void FastWeight<T>::end(TokenTables<T>& gradient) {
  if (one_coefficient_a_key()) {
    dK_.resize(feature_dim(), key_->cols());
    visit_linear_rule([&](const auto& rule, auto& work) {
      rule.backward(0, key_features_.phi(), writes_, query_features_.phi(), by_key_, dby_key_, work, dK_, dwrites_,
                    dQ_);
    });
    map_.backward(key_features_, *key_, 0, dK_, dkey_);
  }
  if (factored_.value_or(false)) factored_keys_.end(map_, dkey_, dvalue_);
  dx_.setZero(query_->rows(), query_->cols());
  map_.backward(query_features_, *query_, 0, dQ_, dx_);
  map_.learn(*tables_, dkey_, dvalue_, dx_);
  map_.lift_backward(dkey_, gradient.key);
  map_.lift_backward(dvalue_, gradient.value);
  map_.lift_backward(dx_, gradient.query);
  gradient.strength = dstrength_;
  gradient.decay = ddecay_;
}

// Compiled once, in the library: every kernel with every rule is much to compile. A body within the class would be
// inline, and compiled by every user all the same.
extern template class FastWeight<float>;
extern template class FastWeight<double>;

}  // namespace palimpsest
