// Bodies of memory/token_fast_weight.hpp; only what instantiates them includes this.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <numeric>

#include "palimpsest/core/product.hpp"
#include "palimpsest/memory/fast_weight_parts_impl.hpp"
#include "palimpsest/memory/token_fast_weight.hpp"

namespace palimpsest {

template <class T>
TokenFastWeight<T>::TokenFastWeight(const MemoryOptions& options)
    : TokenFastWeight(FastWeightParts<T>(options), options.key_dim) {}

template <class T>
TokenFastWeight<T>::TokenFastWeight(FastWeightParts<T> parts, Index d)
    : map_(std::move(parts.kernel), std::move(parts.normalization), d),
      rule_(std::move(parts.rule)),
      gates_(gates_of(rule_), std::move(parts.fixed_gates), static_cast<T>(parts.largest_beta)) {
  std::visit(
      []<class R>(const R&) {
        if constexpr (!linear<R>())
          throw ConfigurationError(
              fmt::format("rule '{}' isn't linear in the values, which a memory of tokens asks for; allowed are {}",
                          R::name, rules_that([]<class Other>() { return linear<Other>(); })));
      },
      rule_);
}

template <class T>
template <class Is>
std::string TokenFastWeight<T>::rules_that(Is&& is) {
  std::string names;
  Rules<T>::for_each([&]<class R>() {
    if (is.template operator()<R>()) names += (names.empty() ? "" : ", ") + usage<R>();
  });
  return names;
}

template <class T>
std::optional<std::string> TokenFastWeight<T>::carry_refusal() const {
  return std::visit(
      []<class R>(const R& rule) -> std::optional<std::string> {
        if constexpr (carries<R>()) return std::nullopt;
        return fmt::format("rule '{}' can't go on from the state of another read; allowed are {}", specification(rule),
                           rules_that([]<class Other>() { return carries<Other>(); }));
      },
      rule_);
}

template <class T>
std::optional<std::string> TokenFastWeight<T>::refusal() const {
  return palimpsest::refusal(map_, rule_);
}

template <class T>
Index TokenFastWeight<T>::steps_per_write() const {
  return std::visit([](const auto& rule) { return rule.steps_per_write(); }, rule_);
}

template <class T>
std::vector<GateShape> TokenFastWeight<T>::gates() const {
  std::vector<GateShape> shapes;
  for (const Gate& gate : gates_.list())
    if (gates_.may_learn(gate)) shapes.push_back({gate.name, gate.per_feature ? feature_dim() : 1, gate.start});
  return shapes;
}

template <class T>
std::vector<Parameter<T>*> TokenFastWeight<T>::parameters() {
  auto all = map_.parameters();
  for (auto& shared : gates_.shared()) all.push_back(&shared);
  return all;
}

template <class T>
void TokenFastWeight<T>::start() {
  map_.start();
  gates_.start(feature_dim());
}

template <class T>
void TokenFastWeight<T>::draw(Stream& stream) {
  map_.draw(stream);
}

template <class T>
Index TokenFastWeight<T>::state_floats(Index d_v, Index) const {
  return palimpsest::state_floats(map_, rule_, d_v);
}

// Multiply-adds of a read, with c writes per chunk; both adjoints need about twice as many.
//   state     (W + N) c (p + d_v) + (2 W + N) p d_v    keys and queries with a chunk's keys, and each with the state
//   queries   W c p + Σ_n r_n (2 p + d_v)              keys with a chunk's keys, each query with what it sees, and V C
template <class T>
bool TokenFastWeight<T>::state_is_cheaper(Index d_v, Index writes, const Kept& kept) const {
  const double p = double(feature_dim()), v = double(d_v), W = double(writes), N = double(kept.queries.phi().cols());
  const double c = std::min(W, double(engine::kChunk));
  const double pairs =
      kept.seen.empty() ? N * W : double(std::accumulate(kept.seen.begin(), kept.seen.end(), Index(0)));
  return (W + N) * c * (p + v) + (2 * W + N) * p * v < W * c * p + pairs * (2 * p + v);
}

template <class T>
void TokenFastWeight<T>::read(ConstMatrixView<T> K, ConstMatrixView<T> V, ConstMatrixView<T> logits,
                              ConstMatrixView<T> Q, const std::vector<Index>& seen, MatrixView<T> Y, Kept& kept,
                              State* state) {
  const Index W = K.cols();
  assert(!state || (W > 0 && Q.cols() > 0));
  if (W == 0 || Q.cols() == 0) {  // there is nothing to answer with, or nobody asks
    Y.setZero();
    return;
  }
  kept.seen = seen;
  if (std::ranges::all_of(seen, [W](Index r) { return r == W; })) kept.seen.clear();
  map_.forward_tokens(K, T(0), kept.lifted_keys, kept.keys);
  map_.forward_tokens(Q, T(kReadOutEpsilon), kept.lifted_queries, kept.queries);
  Index row = 0;
  gates_.open(
      feature_dim(), W, kept.writes, [&](std::size_t i) { return learnt(i); },
      [&](std::size_t i, Matrix<T>& gate) {
        gate = logits.middleRows(row, gate_rows(i));
        row += gate.rows();
      });
  if (map_.accumulates())
    kept.accumulator.retrieval(kept.keys.phi(), retrieves(), kept.writes.retrieval,
                               state && state->begun() ? &state->z : nullptr);
  else
    kept.writes.retrieval.setOnes(W);
  answer(V, Y, kept, state);
  if (!map_.accumulates()) return;
  if (state) state->z = kept.accumulator.z();
  kept.accumulator.divisor(kept.keys.phi(), kept.queries.phi(), kept.seen, kept.divisor);
  for (Index n = 0; n < Y.cols(); ++n) Y.col(n) /= kept.divisor(n);
  kept.Y = Y;
}

// y' = y/D:  dD = −y'·dy'/D,  dy = dy'/D
template <class T>
void TokenFastWeight<T>::backward(ConstMatrixView<T> K, ConstMatrixView<T> V, ConstMatrixView<T>, ConstMatrixView<T> Q,
                                  ConstMatrixView<T> dY, Kept& kept, MatrixView<T> dK, MatrixView<T> dV,
                                  MatrixView<T> dlogits, MatrixView<T> dQ) {
  if (K.cols() == 0 || Q.cols() == 0) return;
  dK_.setZero(feature_dim(), K.cols());
  dU_.setZero(feature_dim(), Q.cols());
  dwrites_.clear_like(kept.writes);
  if (map_.accumulates()) {
    dY_ = dY;
    ddivisor_.resize(Q.cols());
    for (Index n = 0; n < Q.cols(); ++n) {
      ddivisor_(n) = -kept.Y.col(n).dot(dY.col(n)) / kept.divisor(n);
      dY_.col(n) /= kept.divisor(n);
    }
    answer_backward(V, dY_, kept, dV);
    kept.accumulator.divisor_backward(kept.queries.phi(), kept.seen, ddivisor_, dU_);
    kept.accumulator.backward(kept.keys.phi(), kept.writes.retrieval, dwrites_.retrieval, retrieves(), dK_);
  } else {
    answer_backward(V, dY, kept, dV);
  }
  Index row = 0;
  gates_.close(
      kept.writes, dwrites_, [&](std::size_t i) { return learnt(i); },
      [&](std::size_t, const Matrix<T>& d) {
        dlogits.middleRows(row, d.rows()) += d;
        row += d.rows();
      });
  map_.backward_tokens(kept.keys, K, kept.lifted_keys, dK_, dlifted_, dK);
  map_.backward_tokens(kept.queries, Q, kept.lifted_queries, dU_, dlifted_, dQ);
}

template <class T>
void TokenFastWeight<T>::answer(ConstMatrixView<T> V, MatrixView<T> Y, Kept& kept, State* state) {
  const auto &K = kept.keys.phi(), &U = kept.queries.phi();
  kept.from_state = false;
  std::visit(
      [&]<class R>(const R& rule) {
        if constexpr (RuleOfFactors<R, T>) {
          kept.from_state =
              state || (forced_ == Side::cheaper ? state_is_cheaper(V.rows(), V.cols(), kept) : forced_ == Side::state);
          rule.factors(K, kept.writes, factors_);
          if (kept.from_state) {
            engine::Ends<T> ends;
            if (state) ends = {state->begun() ? &state->rule.values : nullptr, &state->rule.values};
            state_side_.read(factors_, engine::Dense<T>{V}, U, kept.seen, Y, kept.state, ends);
            if (state) state->rule.writes += V.cols();
          } else {
            kept.C.resize(K.cols(), U.cols());
            query_side_.coefficients(factors_, U, kept.seen, kept.C, kept.query);
          }
        } else if constexpr (linear<R>()) {
          kept.C.resize(K.cols(), U.cols());
          rule.coefficients(K, kept.writes, U, kept.seen, kept.C, workspace<R>(kept.work));
        }
      },
      rule_);
  kept.before.writes = 0;
  if (kept.from_state) return;
  set_product<T>(V, kept.C, Y);
  if (state) go_on(V, Y, kept, *state);
}

template <class T>
void TokenFastWeight<T>::go_on(ConstMatrixView<T> V, MatrixView<T> Y, Kept& kept, State& state) {
  const auto& K = kept.keys.phi();
  std::visit(
      [&]<class R>(const R& rule) {
        if constexpr (RuleThatGoesOn<R, T>) {
          if (state.begun()) {
            kept.before = state.rule;
            rule.go_on(kept.before, workspace<R>(kept.work), Y);
          } else {
            state.rule.values.setZero(V.rows(), K.rows());
          }
          auto& gates = one_write_.gates;
          gates.resize(kept.writes.gates.size());
          for (Index t = 0; t < K.cols(); ++t, ++state.rule.writes) {
            for (std::size_t i = 0; i < gates.size(); ++i)
              gates[i] = kept.writes.gates[i].col(gates_.list()[i].constant ? 0 : t);
            one_write_.retrieval = kept.writes.retrieval.segment(t, 1);
            rule.carry(K.col(t), V.col(t), one_write_, state.rule, nullptr);
          }
        } else {
          assert(false && "see carry_refusal()");
        }
      },
      rule_);
}

template <class T>
void TokenFastWeight<T>::answer_backward(ConstMatrixView<T> V, ConstMatrixView<T> dY, Kept& kept, MatrixView<T> dV) {
  const auto &K = kept.keys.phi(), &U = kept.queries.phi();
  if (!kept.from_state) {
    dC_.resize(V.cols(), dY.cols());
    set_product<T>(V.transpose(), dY, dC_);
    add_product<T>(dY, kept.C.transpose(), dV);
  }
  std::visit(
      [&]<class R>(const R& rule) {
        if constexpr (RuleOfFactors<R, T>) {
          rule.factors(K, kept.writes, factors_);
          set_zero_like(factors_, dfactors_);
          if (kept.from_state)
            state_side_.read_backward(factors_, engine::Dense<T>{V}, U, dY, kept.state, dfactors_, dU_, dV);
          else
            query_side_.coefficients_backward(factors_, dC_, kept.query, dfactors_, dU_);
          rule.factors_backward(K, kept.writes, dfactors_, dK_, dwrites_);
        } else if constexpr (linear<R>()) {
          if constexpr (RuleThatGoesOn<R, T>)
            if (kept.before.writes > 0) rule.go_on_backward(kept.before, dY, workspace<R>(kept.work));
          rule.backward(K, kept.writes, U, kept.seen, dC_, workspace<R>(kept.work), dK_, dwrites_, dU_);
        }
      },
      rule_);
}

}  // namespace palimpsest
