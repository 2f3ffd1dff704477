// Fast weight memory: a kernel, an update rule and a normalisation, three independent axes.
//
// All rules that are linear in the values are computed from the queries' side: coefficients C (L×N), then outputs
// Y = V C, so that the state W (d_v×p) is never formed and a training step with one query an episode costs O(L·p) and
// not O(L·p·S). memory/README.md derives it. Use: begin(tables), then read (and backward) for each episode, then end(gradient).
#pragma once

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "palimpsest/engine/one_query.hpp"
#include "palimpsest/engine/query_side.hpp"
#include "palimpsest/memory/accumulator.hpp"
#include "palimpsest/memory/fast_weight_parts.hpp"
#include "palimpsest/memory/feature_map.hpp"
#include "palimpsest/memory/memory.hpp"
#include "palimpsest/memory/rule_gates.hpp"
#include "palimpsest/pair/factored_keys.hpp"
#include "palimpsest/pair/memory.hpp"
#include "palimpsest/pair/operations.hpp"
#include "palimpsest/pair/token_tables.hpp"
#include "palimpsest/pair/values.hpp"
#include "palimpsest/pair/write_columns.hpp"
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

  /// d: size of a key before the feature map. A learnt kernel comes with its parameters. Gates that tables don't have are as
  /// given; largest_beta: 1, or 2 for a rule that may reflect.
  FastWeight(KernelVariant kernel, RuleVariant rule, NormalizationVariant normalization, Index d, FixedGates gates = {},
             double largest_beta = 1);
  /// Of the components that the options name. Throws ConfigurationError for one that isn't known, or for a gate that is
  /// neither `learnt` nor a number that the rule allows. A learnt kernel has no parameters before start().
  explicit FastWeight(const MemoryOptions& options);
  FastWeight(const FastWeight&);
  FastWeight(FastWeight&&) noexcept;

  // What is known before anything is trained: pair/memory.hpp.
  static constexpr auto projection_init = ProjectionInit::linear;
  std::vector<std::pair<std::string, std::string>> parts() const;
  bool reads(std::string_view option) const;
  std::optional<std::string> refusal() const;
  Index feature_dim() const { return map_.feature_dim(); }
  Index rank() const;
  bool knows_order() const;
  TokenShape token_shape(Index S) const;
  const FixedGates& fixed_gates() const { return gates_.fixed(); }  ///< all others are learnt
  Index state_floats(Index S, Index L) const;
  FastWeightOperations operations(const TableShape& tables) const;
  double draw_operations() const;

  /// Parameters of its own as they start; before anything else.
  void start();

  /// New random features, if the kernel has any; before begin.
  void draw(Stream& stream);

  /// Ω (d×m) of a kernel with random features, else nothing.
  const Matrix<T>* random_features() const;

  /// Trained parameters of its own: those of a learnt kernel.
  std::vector<Parameter<T>*> parameters();

  /// Takes a step's tables (they must outlive it) and clears the gradients.
  void begin(const TokenTables<T>& tables);

  /// What a read keeps for its adjoint; and what it says of itself.
  struct Kept {
    std::vector<Index> seen;  // N, writes that a query sees; empty if each sees all
    Matrix<T> x;              // d̃×L, lifted keys of the writes
    Features<T> keys;         // p×L
    Writes<T> writes;         // gates of the writes; none if the rule has none
    Matrix<T> C;              // L×N
    Vector<T> divisor;        // N, z·q + ε; nothing where coefficients aren't divided
    typename WorkspaceOf<Rules<T>>::type work;
    Factors<T> factors;  // of a rule that answers by them
    engine::OneQuery<T> one_query;
    typename engine::QuerySide<T>::Kept query_side;
    typename FactoredKeys<T>::Kept factored;
    Accumulator<T> accumulator;

    /// L×N (nL×N with n steps a write), normalised: which writes answer a query. Empty for a rule that isn't linear in the
    /// values.
    const Matrix<T>& coefficients() const { return C; }

    /// Whether that answer was divided by ε more than by z·q: features, and with them z·q, underflow.
    bool divided_by_epsilon(Index n) const { return divisor.size() > 0 && divisor(n) < 2 * T(kReadOutEpsilon); }
  };

  /// Y: S×N, the answers to the queries.
  void read(const Episode& episode, const Asked& asked, MatrixView<T> Y, Kept& kept);

  /// Its adjoint: dY: S×N.
  void backward(const Episode& episode, const Asked& asked, ConstMatrixView<T> dY, Kept& kept);

  /// Gradients of the whole step, by the tables and in `parameters()`.
  void end(TokenTables<T>& gradient);

  /// The gates of the rule, in the order of `Kept::writes`.
  std::span<const Gate> gates() const { return gates_.list(); }

 private:
  struct Unstarted {};
  FastWeight(FastWeightParts<T> parts, Index d, Unstarted);

  template <class F>
  decltype(auto) visit_rule(F&& f) const {
    return std::visit(std::forward<F>(f), rule_);
  }

  bool separable() const { return traits_of(rule_).separable; }
  bool linear_in_values() const { return traits_of(rule_).linear_in_values; }
  bool retrieves() const { return traits_of(rule_).retrieves; }

  /// Whether an accumulator that is no sum of coefficients divides them.
  bool divides() const { return map_.accumulates() && linear_in_values() && !separable(); }

  /// Without values in the keys a separable rule has one coefficient a (key, query), shared by all episodes of a step.
  bool one_coefficient_a_key() const { return separable() && !tables_->keys_depend_on_values(); }

  /// Whether one query is answered without forming features.
  bool contracts(Index N, const Kept& kept) const {
    return N == 1 && kept.seen.empty() && separable() && map_.contracts();
  }

  /// Whether one query is answered from the features of the tables' entries, which are then ready.
  bool factors(Index N, const Kept& kept) {
    if (N != 1 || !kept.seen.empty() || !separable() || !map_.factors() || !tables_->keys_depend_on_values())
      return false;
    if (!factored_) factored_ = factored_keys_.begin(map_, *key_, *value_, query_features_.phi(), map_.key_dim());
    return *factored_;
  }

  /// How many of L writes the adjoint of N queries takes together: gradients by features, which are used once, then stay
  /// in the nearest cache. A contraction forms none.
  Index block_size(Index L, Index N, const Kept& kept) const {
    const bool in_blocks = visit_rule([]<class R>(const R&) { return RuleInBlocks<R, T>; });
    const bool whole = contracts(N, kept) || !(separable() || (N == 1 && in_blocks && !map_.accumulates()));
    return whole ? L : tokens_per_block(feature_dim());
  }

  /// Whether the engine answers from the rule's factors: where queries come after any write, and for a rule that has nothing
  /// else. One that doesn't look at other writes has its coefficients at once.
  template <class R>
  static bool by_factors(const Kept& kept) {
    if constexpr (!RuleOfFactors<R, T>) return false;
    if constexpr (!Rule<R, T>) return true;
    return !kept.seen.empty() && !R::traits.separable;
  }

  /// C of the writes whose features are kept, as far as the queries see them.
  void coefficients(ConstMatrixView<T> Q, MatrixView<T> C, Kept& kept);

  /// The same from the rule's factors, which are kept; and its adjoint, which sets dfactors_ and adds to dQ_block_.
  void coefficients_of_factors(ConstMatrixView<T> Q, MatrixView<T> C, Kept& kept);
  void coefficients_of_factors_backward(ConstMatrixView<T> Q, ConstMatrixView<T> dC, Kept& kept);

  /// Y, of a rule that has no coefficients.
  void answers(ConstMatrixView<T> Q, MatrixView<T> Y, Kept& kept) const;

  /// Adjoint of either, of the writes from `first` on: sets dK_, and adds to dwrites_ and dQ_block_. Whether dK_ is by keys as
  /// they were before they were divided.
  bool rule_backward(Index first, Index count, ConstMatrixView<T> Q, ConstMatrixView<T> dY, Kept& kept);

  /// Gates and ρ of all writes, from the gate tables and the keys' features.
  void open_gates(Kept& kept) const;

  /// dx of the writes from `first`, through their features; adds to dQ_block and to the gates' gradients.
  void features_backward(Index first, Index count, ConstMatrixView<T> Q, ConstMatrixView<T> dY, Kept& kept);

  /// Gradients by the gates' logits from those by the gates.
  void close_gates(const Kept& kept);

  /// The logits of gate i, if the step's model learns it.
  const GateTable<T>* learnt(std::size_t i) const {
    return i < tables_->gates.size() && tables_->gates[i].learnt() ? &tables_->gates[i] : nullptr;
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
  RuleGates<T> gates_;
  bool learns_gates_ = false;      // all but the fixed ones
  WriteColumns<T> write_columns_;  // of the episode at hand

  const TokenTables<T>* tables_ = nullptr;
  const Matrix<T>*key_ = nullptr, *value_ = nullptr, *query_ = nullptr;  // lifted tables: d̃×S, d̃×S or d̃×0, d̃×N
  Matrix<T> lifted_key_, lifted_value_, lifted_query_;                   // their storage if the kernel lifts
  Matrix<T> dkey_, dvalue_;                                              // gradients by the lifted tables
  Features<T> query_features_;                                           // all queries of the step, p×N
  Matrix<T> dQ_;                                                         // p×N, by the mapped queries

  Matrix<T> dx_;                 // d̃×n, of a block of the writes
  Matrix<T> dK_, dQ_block_, Q_;  // p×n, p×N, p×N
  Matrix<T> dC_;                 // L×N
  Vector<T> ddivisor_;           // N
  Writes<T> dwrites_;
  Factors<T> dfactors_;
  engine::QuerySide<T> query_side_;
  Matrix<T> again_;                   // L×N, C as the engine has it, where only the adjoint is the engine's
  std::vector<GateTable<T>> dgates_;  // by the gates' logits

  Kept all_keys_;               // features of the whole key table, if one_coefficient_a_key
  Matrix<T> by_key_, dby_key_;  // S×N

  FactoredKeys<T> factored_keys_;
  std::optional<bool> factored_;  // whether they serve this step, once that is known
};

// Compiled once, in the library, in parts, since all rules together are much to compile. Bodies are in fast_weight_impl.hpp,
// fast_weight_rule_impl.hpp and fast_weight_facts_impl.hpp; within the class they would be inline, and compiled by every user all
// the same.
extern template class FastWeight<float>;
extern template class FastWeight<double>;

}  // namespace palimpsest
