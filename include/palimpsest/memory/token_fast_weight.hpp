// Fast weight memory of tokens: kernel, update rule and normalisation for dense values and queries at any position. With
// K = φ(keys) and U = φ(queries), and r_n the writes that query n sees,
//   y_n = W_{r_n} u_n = Σ_{t ≤ r_n} c_{t,n} v_t ,   divided by z_{r_n}·u_n + ε where the normalisation accumulates.
// Rules that say their factors are answered by the engine: from the state's side, or from the queries' side by C and Y = V C,
// with dC = Vᵀ dY and dV += dY Cᵀ. The others (least squares, momentum) have C alone.
// A read may go on from the state that another left, W_0 and z_0 in place of 0. It is a constant: what it gives the gradients is
// what keys, gates and queries do with it.
// Source: Schlag, Irie, Schmidhuber 2021 (arXiv 2102.11174), sections 3 and 4; Yang et al. 2024 (arXiv 2406.06484), section 3.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "palimpsest/core/random.hpp"
#include "palimpsest/engine/query_side.hpp"
#include "palimpsest/engine/state_side.hpp"
#include "palimpsest/memory/accumulator.hpp"
#include "palimpsest/memory/fast_weight_parts.hpp"
#include "palimpsest/memory/feature_map.hpp"
#include "palimpsest/memory/memory.hpp"
#include "palimpsest/memory/rule_gates.hpp"
#include "palimpsest/rule/all.hpp"
#include "palimpsest/rule/carried.hpp"

namespace palimpsest {

/// See memory/token_memory.hpp for what all memories of tokens have.
template <class T>
class TokenFastWeight {
 public:
  static constexpr std::string_view name = "fast_weight";
  static constexpr std::string_view summary = "state of fixed size: kernel, update rule and normalisation";

  /// Throws ConfigurationError as FastWeight does, and for a rule that isn't linear in the values.
  explicit TokenFastWeight(const MemoryOptions& options);

  std::vector<std::pair<std::string, std::string>> parts() const {
    return {{"kernel", specification(map_.kernel())},
            {"rule", specification(rule_)},
            {"normalization", specification(map_.normalization())}};
  }
  std::optional<std::string> refusal() const;
  Index feature_dim() const { return map_.feature_dim(); }
  Index steps_per_write() const;
  std::vector<GateShape> gates() const;
  std::vector<Parameter<T>*> parameters();
  void start();
  void draw(Stream& stream);
  Index state_floats(Index d_v, Index length) const;

  /// Why no read can go on from the state of another; nothing if one can.
  std::optional<std::string> carry_refusal() const;

  enum class Side { cheaper, query, state };
  void answer_from(Side side) { forced_ = side; }

  /// What a read leaves for the one that goes on from it, of values of one size; empty before the first.
  struct State {
    Carried<T> rule;  // W, d_v×p, and what the rule has beside it
    Matrix<T> z;      // p×1 of a normalisation that accumulates

    bool begun() const { return rule.writes > 0; }

    template <class Archive>
    void state(Archive& archive) {
      archive(rule, z);
    }
  };

  struct Kept {
    std::vector<Index> seen;                // N, or empty if each query sees all writes
    Matrix<T> lifted_keys, lifted_queries;  // d̃×W, d̃×N of a kernel that lifts
    Features<T> keys, queries;              // p×W, p×N
    Writes<T> writes;
    bool from_state = false;
    typename engine::StateSide<T>::Kept state;
    typename engine::QuerySide<T>::Kept query;
    Matrix<T> C;                                // W×N, of the queries' side
    typename WorkspaceOf<Rules<T>>::type work;  // of a rule that has no factors
    Carried<T> before;                          // what such a rule goes on from
    Accumulator<T> accumulator;
    Vector<T> divisor;  // N, z·u + ε
    Matrix<T> Y;        // d_v×N, divided
  };

  void read(ConstMatrixView<T> K, ConstMatrixView<T> V, ConstMatrixView<T> logits, ConstMatrixView<T> Q,
            const std::vector<Index>& seen, MatrixView<T> Y, Kept& kept, State* state = nullptr);
  void backward(ConstMatrixView<T> K, ConstMatrixView<T> V, ConstMatrixView<T> logits, ConstMatrixView<T> Q,
                ConstMatrixView<T> dY, Kept& kept, MatrixView<T> dK, MatrixView<T> dV, MatrixView<T> dlogits,
                MatrixView<T> dQ);

 private:
  TokenFastWeight(FastWeightParts<T> parts, Index d);

  /// Whether a rule has coefficients of queries at any position.
  template <class R>
  static constexpr bool linear() {
    return RuleOfFactors<R, T> || RuleWithPositions<R, T>;
  }
  /// Whether it can go on from a state.
  template <class R>
  static constexpr bool carries() {
    return RuleOfFactors<R, T> || (RuleWithPositions<R, T> && RuleThatGoesOn<R, T>);
  }

  /// Names of those rules R for which is(R) holds.
  template <class Is>
  static std::string rules_that(Is&& is);

  /// Whether gate i is learnt for each write.
  bool learnt(std::size_t i) const { return gates_.may_learn(gates_.list()[i]); }

  bool retrieves() const { return traits_of(rule_).retrieves; }

  Index gate_rows(std::size_t i) const { return gates_.list()[i].per_feature ? feature_dim() : 1; }

  /// Whether the state's side is the cheaper one.
  bool state_is_cheaper(Index d_v, Index writes, const Kept& kept) const;

  /// Y before it is divided, and its adjoint, which adds to dV, dK_, dU_ and dwrites_.
  void answer(ConstMatrixView<T> V, MatrixView<T> Y, Kept& kept, State* state);
  void answer_backward(ConstMatrixView<T> V, ConstMatrixView<T> dY, Kept& kept, MatrixView<T> dV);

  /// The same of a rule that has no factors: adds to Y what the state before it answers, and leaves the one after it.
  void go_on(ConstMatrixView<T> V, MatrixView<T> Y, Kept& kept, State& state);

  FeatureMap<T> map_;
  typename Rules<T>::Variant rule_;
  RuleGates<T> gates_;
  Side forced_ = Side::cheaper;

  engine::StateSide<T> state_side_;
  engine::QuerySide<T> query_side_;
  Factors<T> factors_, dfactors_;
  Matrix<T> dK_, dU_, dlifted_;  // p×W, p×N, d̃×W or d̃×N
  Matrix<T> dC_, dY_;            // W×N, d_v×N
  Vector<T> ddivisor_;           // N
  Writes<T> dwrites_;
  Writes<T> one_write_;
};

}  // namespace palimpsest
