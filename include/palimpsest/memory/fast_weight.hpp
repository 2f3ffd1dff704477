// Fast weight memory: a kernel, an update rule and a normalisation, three independent axes.
//
// Everything is computed from the queries' side: coefficients C (L×N), then outputs Y = V C, so that the state W (d_v×p) is
// never formed and a training step with one query an episode costs O(L·p) and not O(L·p·S). README.md beside this file
// derives it. Use: begin(tables), then read (and backward) for each episode, then end(gradient).
#pragma once

#include <algorithm>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "palimpsest/kernel/all.hpp"
#include "palimpsest/memory/token_tables.hpp"
#include "palimpsest/memory/values.hpp"
#include "palimpsest/normalization/all.hpp"
#include "palimpsest/rule/all.hpp"
#include "palimpsest/task/episode.hpp"

namespace palimpsest {

template <class T>
class FastWeight {
 public:
  using KernelVariant = typename Kernels<T>::Variant;
  using RuleVariant = typename Rules<T>::Variant;
  using NormalizationVariant = typename Normalizations<T>::Variant;

  static constexpr std::string_view name = "fast_weight";
  static constexpr std::string_view summary = "state of fixed size: kernel, update rule and normalisation";

  /// d: size of a key before the feature map.
  FastWeight(KernelVariant kernel, RuleVariant rule, NormalizationVariant normalization, Index d)
      : kernel_(std::move(kernel)), rule_(std::move(rule)), normalization_(std::move(normalization)), d_(d) {}

  Index feature_dim() const {
    return std::visit([&](const auto& kernel) { return kernel.feature_dim(d_); }, kernel_);
  }

  /// New random features, if the kernel has any; before begin.
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

  /// Takes a step's tables (they must outlive it) and clears the gradients.
  void begin(const TokenTables<T>& tables) {
    tables_ = &tables;
    key_ = lift(tables.key, lifted_key_);
    value_ = lift(tables.value, lifted_value_);
    query_ = lift(tables.query, lifted_query_);
    query_features_.compute(*this, *query_, T(kReadOutEpsilon));
    dkey_.setZero(key_->rows(), key_->cols());
    dvalue_.setZero(value_->rows(), value_->cols());
    dQ_.setZero(feature_dim(), query_->cols());
    if (one_coefficient_a_key()) {
      key_features_.compute(*this, *key_, T(0));
      by_key_.resize(key_->cols(), query_->cols());
      visit_rule([&](const auto& rule) { rule.coefficients(key_features_.phi(), query_features_.phi(), by_key_); });
      dby_key_.setZero(by_key_.rows(), by_key_.cols());
    }
  }

  /// Y: S×N, the answers to the queries `columns` of the tables after all writes of the episode.
  void read(const Episode& episode, const std::vector<int>& columns, MatrixView<T> Y) {
    const Index L = std::ssize(episode.keys), N = std::ssize(columns);
    C_.resize(L, N);
    if (one_coefficient_a_key()) {
      for (Index n = 0; n < N; ++n)
        for (Index t = 0; t < L; ++t) C_(t, n) = by_key_(episode.keys[t], columns[n]);
    } else {
      with_queries(columns, [&](ConstMatrixView<T> Q) {
        gather_writes(episode);
        if (contracts(N)) {
          visit_contracting([&](const auto& kernel) { kernel.contract(x_, Q.col(0), C_.col(0)); });
          return;
        }
        key_features_.compute(*this, x_, T(0));
        visit_rule([&](const auto& rule) { rule.coefficients(key_features_.phi(), Q, C_); });
      });
    }
    if (accumulates()) {  // z·q = Σ_t k_t·q = Σ_t c_t
      divisor_ = C_.colwise().sum().array() + T(kReadOutEpsilon);
      for (Index n = 0; n < N; ++n) C_.col(n) /= divisor_(n);
    }
    scatter_to_values<T>(episode.values, C_, Y);
  }

  /// Adjoint of the last read: dY: S×N.
  void backward(const Episode& episode, const std::vector<int>& columns, ConstMatrixView<T> dY) {
    const Index L = C_.rows(), N = C_.cols();
    dC_.resize(L, N);
    gather_from_values<T>(episode.values, dY, dC_);
    if (accumulates())  // c' = c/(Σc + ε):  dc = (dc' − c'·dc')/(Σc + ε)
      for (Index n = 0; n < N; ++n)
        dC_.col(n).array() = (dC_.col(n).array() - C_.col(n).dot(dC_.col(n))) / divisor_(n);
    if (one_coefficient_a_key()) {
      for (Index n = 0; n < N; ++n)
        for (Index t = 0; t < L; ++t) dby_key_(episode.keys[t], columns[n]) += dC_(t, n);
      return;
    }
    with_queries(columns, [&](ConstMatrixView<T> Q) {
      dQ_block_.setZero(Q.rows(), N);
      for_each_block(L, N, [&](Index first, Index count) {
        dx_.setZero(x_.rows(), count);
        if (contracts(N)) {
          visit_contracting([&](const auto& kernel) {
            kernel.contract_backward(x_.middleCols(first, count), Q.col(0), dC_.col(0).segment(first, count), dx_,
                                     dQ_block_.col(0));
          });
        } else {
          dK_.resize(Q.rows(), count);
          visit_rule([&](const auto& rule) {
            rule.backward(key_features_.phi().middleCols(first, count), Q, C_.middleRows(first, count),
                          dC_.middleRows(first, count), dK_, dQ_block_);
          });
          key_features_.backward(*this, x_.middleCols(first, count), first, dK_, dx_);
        }
        for (Index t = 0; t < count; ++t) {
          add(column(dx_, t), dx_.rows(), column(dkey_, episode.keys[first + t]));
          if (tables_->keys_depend_on_values())
            add(column(dx_, t), dx_.rows(), column(dvalue_, episode.values[first + t]));
        }
      });
    });
    for (Index n = 0; n < N; ++n) dQ_.col(columns[n]) += dQ_block_.col(n);
  }

  /// Gradients of the whole step, by the tables.
  void end(TokenTables<T>& gradient) {
    if (one_coefficient_a_key()) {
      dK_.resize(feature_dim(), key_->cols());
      visit_rule([&](const auto& rule) {
        rule.backward(key_features_.phi(), query_features_.phi(), by_key_, dby_key_, dK_, dQ_);
      });
      key_features_.backward(*this, *key_, 0, dK_, dkey_);
    }
    dx_.setZero(query_->rows(), query_->cols());
    query_features_.backward(*this, *query_, 0, dQ_, dx_);
    lift_backward(dkey_, gradient.key);
    lift_backward(dvalue_, gradient.value);
    lift_backward(dx_, gradient.query);
  }

  /// Coefficients of the last read, L×N, normalised: which writes answer a query.
  const Matrix<T>& coefficients() const { return C_; }

 private:
  /// Mapped and normalised tokens with what their adjoint needs.
  struct Features {
    Matrix<T> raw;     // p×n, before normalisation
    Matrix<T> mapped;  // p×n, after it; unused if it maps nothing
    Vector<T> scale;   // n
    bool maps = false;

    const Matrix<T>& phi() const { return maps ? mapped : raw; }

    void compute(const FastWeight& memory, ConstMatrixView<T> x, T epsilon) {
      raw.resize(memory.feature_dim(), x.cols());
      std::visit([&](const auto& kernel) { kernel.forward(x, raw); }, memory.kernel_);
      std::visit(
          [&]<class N>(const N& normalization) {
            maps = N::maps_tokens;
            if (!maps) return;
            mapped = raw;
            scale.resize(x.cols());
            normalization.forward(mapped, scale, epsilon);
          },
          memory.normalization_);
    }

    /// Of the tokens from `first` on, as many as x has.
    void backward(const FastWeight& memory, ConstMatrixView<T> x, Index first, MatrixView<T> dphi, MatrixView<T> dx) const {
      std::visit(
          [&]<class N>(const N& normalization) {
            if constexpr (N::maps_tokens)
              normalization.backward(mapped.middleCols(first, x.cols()), scale.segment(first, x.cols()), dphi);
          },
          memory.normalization_);
      std::visit([&](const auto& kernel) { kernel.backward(x, raw.middleCols(first, x.cols()), dphi, dx); }, memory.kernel_);
    }
  };

  template <class F>
  decltype(auto) visit_rule(F&& f) const {
    return std::visit(std::forward<F>(f), rule_);
  }

  bool separable() const {
    return visit_rule([]<class R>(const R&) { return R::separable; });
  }

  bool accumulates() const {
    return std::visit([]<class N>(const N&) { return N::accumulates; }, normalization_);
  }

  /// Without values in the keys a separable rule has one coefficient a (key, query), shared by all episodes of a step.
  bool one_coefficient_a_key() const { return separable() && !tables_->keys_depend_on_values(); }

  /// Whether one query is answered without forming features.
  bool contracts(Index N) const {
    const bool contracting = std::visit([]<class K>(const K&) { return ContractingKernel<K, T>; }, kernel_);
    const bool maps = std::visit([]<class M>(const M&) { return M::maps_tokens; }, normalization_);
    return N == 1 && contracting && !maps && separable();
  }

  template <class F>
  void visit_contracting(F&& f) const {
    std::visit(
        [&]<class K>(const K& kernel) {
          if constexpr (ContractingKernel<K, T>) f(kernel);
        },
        kernel_);
  }

  /// Calls f(first, count) over the writes: in blocks if the rule is separable, so that gradients by features, which are
  /// used once, stay in the nearest cache.
  template <class F>
  void for_each_block(Index L, Index N, F&& f) const {
    constexpr Index kCacheFloats = 8192;
    const Index size = separable() && !contracts(N) ? std::max<Index>(8, kCacheFloats / feature_dim()) : L;
    for (Index first = 0; first < L; first += size) f(first, std::min(size, L - first));
  }

  /// The writes' lifted keys, in x_.
  void gather_writes(const Episode& episode) {
    const Index rows = key_->rows(), L = std::ssize(episode.keys);
    x_.resize(rows, L);
    for (Index t = 0; t < L; ++t) {
      const T* __restrict by_key = column(*key_, episode.keys[t]);
      T* __restrict x = column(x_, t);
      if (tables_->keys_depend_on_values()) {
        const T* __restrict by_value = column(*value_, episode.values[t]);
        for (Index i = 0; i < rows; ++i) x[i] = by_key[i] + by_value[i];
      } else {
        std::copy_n(by_key, rows, x);
      }
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

  KernelVariant kernel_;
  RuleVariant rule_;
  NormalizationVariant normalization_;
  Index d_;

  const TokenTables<T>* tables_ = nullptr;
  const Matrix<T>*key_ = nullptr, *value_ = nullptr, *query_ = nullptr;  // lifted tables: d̃×S, d̃×S or d̃×0, d̃×N
  Matrix<T> lifted_key_, lifted_value_, lifted_query_;                   // their storage if the kernel lifts
  Matrix<T> dkey_, dvalue_;                                              // gradients by the lifted tables
  Features query_features_;                                              // all queries of the step, p×N
  Matrix<T> dQ_;                                                         // p×N, by the mapped queries

  Features key_features_;            // the writes of the last read, or all keys if one_coefficient_a_key
  Matrix<T> x_, dx_;                 // d̃×L, lifted keys of the writes; of a block d̃×n
  Matrix<T> dK_, dQ_block_, Q_;      // p×n, p×N, p×N
  Matrix<T> C_, dC_;                 // L×N
  Vector<T> divisor_;                // N, z·q + ε
  Matrix<T> by_key_, dby_key_;       // S×N
};

}  // namespace palimpsest
