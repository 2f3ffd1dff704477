// Bodies of pair/fast_weight.hpp that make and read a memory, whatever its rule is; only what instantiates them includes this.
#pragma once

#include "palimpsest/pair/fast_weight.hpp"

namespace palimpsest {

template <class T>
FastWeight<T>::FastWeight(FastWeightParts<T> parts, Index d, Unstarted)
    : map_(std::move(parts.kernel), std::move(parts.normalization), d),
      rule_(std::move(parts.rule)),
      gates_(gates_of(rule_), std::move(parts.fixed_gates), static_cast<T>(parts.largest_beta)),
      write_columns_(std::visit([](const auto& r) { return r.steps_per_write(); }, rule_)) {}

template <class T>
FastWeight<T>::FastWeight(KernelVariant kernel, RuleVariant rule, NormalizationVariant normalization, Index d,
                          FixedGates gates, double largest_beta)
    : FastWeight(FastWeightParts<T>(std::move(kernel), std::move(rule), std::move(normalization), std::move(gates),
                                    largest_beta),
                 d, Unstarted()) {
  gates_.start(feature_dim());
}

template <class T>
FastWeight<T>::FastWeight(const FastWeight&) = default;

template <class T>
FastWeight<T>::FastWeight(FastWeight&&) noexcept = default;

template <class T>
void FastWeight<T>::draw(Stream& stream) {
  map_.draw(stream);
}

template <class T>
const Matrix<T>* FastWeight<T>::random_features() const {
  return map_.random_features();
}

template <class T>
void FastWeight<T>::start() {
  map_.start();
  gates_.start(feature_dim());
}

template <class T>
std::vector<Parameter<T>*> FastWeight<T>::parameters() {
  auto all = map_.parameters();
  for (auto& shared : gates_.shared()) all.push_back(&shared);
  return all;
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
  dgates_.resize(tables.gates.size());
  for (std::size_t i = 0; i < dgates_.size(); ++i) {
    dgates_[i].key.setZero(tables.gates[i].key.rows(), tables.gates[i].key.cols());
    dgates_[i].value.setZero(tables.gates[i].value.rows(), tables.gates[i].value.cols());
  }
  if (one_coefficient_a_key()) {
    map_.forward(*key_, T(0), all_keys_.keys);
    by_key_.resize(key_->cols(), query_->cols());
    coefficients(query_features_.phi(), by_key_, all_keys_);
    dby_key_.setZero(by_key_.rows(), by_key_.cols());
  }
}

template <class T>
void FastWeight<T>::read(const Episode& episode, const Asked& asked, MatrixView<T> Y, Kept& kept) {
  const auto& columns = asked.columns;
  write_columns_.take(episode);
  const Index L = write_columns_.size(), N = asked.size();
  auto& C = kept.C;
  kept.seen.clear();
  if (!asked.at_end(std::ssize(episode.keys)))
    for (const Index seen : asked.after) kept.seen.push_back(write_columns_.steps_per_write() * seen);
  C.resize(linear_in_values() ? L : 0, N);
  if (one_coefficient_a_key()) {
    for (Index n = 0; n < N; ++n)
      for (Index t = 0; t < L; ++t) C(t, n) = by_key_(write_columns_.keys()[t], columns[n]);
    hide_unseen<T>(kept.seen, C);
  } else if (factors(N, kept)) {
    with_queries(columns, [&](ConstMatrixView<T> Q) {
      factored_keys_.contract(write_columns_, Q.col(0), C.col(0), kept.factored);
    });
  } else {
    with_queries(columns, [&](ConstMatrixView<T> Q) {
      const Index block = map_.maps_tokens() ? block_size(L, N, kept) : L;
      if (!contracts(N, kept)) map_.resize(L, kept.keys);
      kept.x.resize(key_->rows(), L);
      for_each_block(block, L, [&](Index first, Index count) {
        MatrixView<T> x = kept.x.middleCols(first, count);
        write_columns_.gather(*key_, *value_, first, x);
        if (contracts(N, kept)) {
          map_.contract(x, Q.col(0), C.col(0).segment(first, count));
        } else {
          map_.forward(x, first, T(0), kept.keys);
        }
      });
      if (contracts(N, kept)) return;
      if (!separable()) open_gates(kept);
      if (linear_in_values()) {
        coefficients(Q, C, kept);
        if (divides()) kept.accumulator.divisor(kept.keys.phi(), Q, kept.seen, kept.divisor);
      } else {
        answers(Q, Y, kept);
      }
    });
  }
  if (!linear_in_values()) return;
  if (map_.accumulates()) {
    // z·q = Σ_t k_t·q = Σ_t c_t if the rule is separable
    if (separable()) kept.divisor = C.colwise().sum().array() + T(kReadOutEpsilon);
    for (Index n = 0; n < N; ++n) C.col(n) /= kept.divisor(n);
  }
  scatter_to_values<T>(write_columns_.values(), C, Y);
}

template <class T>
void FastWeight<T>::backward(const Episode& episode, const Asked& asked, ConstMatrixView<T> dY, Kept& kept) {
  const auto& columns = asked.columns;
  const auto& C = kept.C;
  write_columns_.take(episode);
  const Index L = write_columns_.size(), N = asked.size();
  if (linear_in_values()) {
    dC_.resize(L, N);
    gather_from_values<T>(write_columns_.values(), dY, dC_);
    if (map_.accumulates() && separable())  // c' = c/(Σc + ε):  dc = (dc' − c'·dc')/(Σc + ε)
      for (Index n = 0; n < N; ++n)
        dC_.col(n).array() = (dC_.col(n).array() - C.col(n).dot(dC_.col(n))) / kept.divisor(n);
    hide_unseen<T>(kept.seen, dC_);
  }
  if (one_coefficient_a_key()) {
    for (Index n = 0; n < N; ++n)
      for (Index t = 0; t < L; ++t) dby_key_(write_columns_.keys()[t], columns[n]) += dC_(t, n);
    return;
  }
  with_queries(columns, [&](ConstMatrixView<T> Q) {
    dQ_block_.setZero(Q.rows(), N);
    if (factors(N, kept)) {
      factored_keys_.contract_backward(write_columns_, Q.col(0), dC_.col(0), kept.factored, dQ_block_.col(0), dkey_,
                                       dvalue_);
      return;
    }
    if (!separable()) dwrites_.clear_like(kept.writes);
    if (divides()) {  // c' = c/D:  dD = −c'·dc'/D,  dc = dc'/D
      ddivisor_.resize(N);
      for (Index n = 0; n < N; ++n) {
        ddivisor_(n) = -C.col(n).dot(dC_.col(n)) / kept.divisor(n);
        dC_.col(n) /= kept.divisor(n);
      }
    }
    for_each_block(block_size(L, N, kept), L, [&](Index first, Index count) {
      dx_.setZero(kept.x.rows(), count);
      if (contracts(N, kept))
        map_.contract_backward(kept.x.middleCols(first, count), Q.col(0), dC_.col(0).segment(first, count), dx_,
                               dQ_block_.col(0));
      else
        features_backward(first, count, Q, dY, kept);
      write_columns_.scatter(dx_, first, dkey_, dvalue_);
    });
    if (!separable()) close_gates(kept);
  });
  for (Index n = 0; n < N; ++n) dQ_.col(columns[n]) += dQ_block_.col(n);
}

template <class T>
void FastWeight<T>::open_gates(Kept& kept) const {
  const Index L = write_columns_.size();
  gates_.open(
      feature_dim(), L, kept.writes, [&](std::size_t i) { return learnt(i) != nullptr; },
      [&](std::size_t i, Matrix<T>& logits) { write_columns_.gather_logits(*learnt(i), logits); });
  if (map_.accumulates())
    kept.accumulator.retrieval(kept.keys.phi(), retrieves(), kept.writes.retrieval);
  else
    kept.writes.retrieval.setOnes(L);
}

template <class T>
void FastWeight<T>::close_gates(const Kept& kept) {
  gates_.close(
      kept.writes, dwrites_, [&](std::size_t i) { return learnt(i) != nullptr; },
      [&](std::size_t i, const Matrix<T>& dlogits) { write_columns_.scatter_logits(dlogits, dgates_[i]); });
}

template <class T>
void FastWeight<T>::coefficients_of_factors(ConstMatrixView<T> Q, MatrixView<T> C, Kept& kept) {
  if (Q.cols() == 1 && kept.seen.empty())
    kept.one_query.coefficients(kept.factors, Q.col(0), C.col(0));
  else
    query_side_.coefficients(kept.factors, Q, kept.seen, C, kept.query_side);
}

template <class T>
void FastWeight<T>::coefficients_of_factors_backward(ConstMatrixView<T> Q, ConstMatrixView<T> dC, Kept& kept) {
  set_zero_like(kept.factors, dfactors_);
  if (Q.cols() == 1 && kept.seen.empty())
    kept.one_query.backward(kept.factors, dC.col(0), dfactors_, dQ_block_.col(0));
  else
    query_side_.coefficients_backward(kept.factors, dC, kept.query_side, dfactors_, dQ_block_);
}

template <class T>
void FastWeight<T>::features_backward(Index first, Index count, ConstMatrixView<T> Q, ConstMatrixView<T> dY,
                                      Kept& kept) {
  const ConstMatrixView<T> x = kept.x.middleCols(first, count);
  const bool undivided = rule_backward(first, count, Q, dY, kept);
  if (divides()) {
    kept.accumulator.divisor_backward(Q, kept.seen, ddivisor_, dQ_block_);
    kept.accumulator.backward(kept.keys.phi(), kept.writes.retrieval, dwrites_.retrieval, retrieves(), dK_);
  }
  if (undivided)
    map_.kernel_backward(kept.keys, x, first, dK_, dx_);
  else
    map_.backward(kept.keys, x, first, dK_, dx_);
}

template <class T>
void FastWeight<T>::end(TokenTables<T>& gradient) {
  if (one_coefficient_a_key()) {
    dK_.resize(feature_dim(), key_->cols());
    visit_rule([&]<class R>(const R& rule) {
      if constexpr (R::traits.separable)  // others would be compiled here for nothing
        rule.backward(0, all_keys_.keys.phi(), all_keys_.writes, query_features_.phi(), by_key_, dby_key_,
                      workspace<R>(all_keys_.work), dK_, dwrites_, dQ_);
    });
    map_.backward(all_keys_.keys, *key_, 0, dK_, dkey_);
  }
  if (factored_.value_or(false)) factored_keys_.end(map_, dkey_, dvalue_);
  dx_.setZero(query_->rows(), query_->cols());
  map_.backward(query_features_, *query_, 0, dQ_, dx_);
  map_.lift_learn(tables_->key, dkey_);
  if (tables_->keys_depend_on_values()) map_.lift_learn(tables_->value, dvalue_);
  map_.lift_learn(tables_->query, dx_);
  map_.learn(dkey_);  // each write is in one column of it
  map_.learn(dx_);
  map_.lift_backward(dkey_, gradient.key);
  map_.lift_backward(dvalue_, gradient.value);
  map_.lift_backward(dx_, gradient.query);
  gradient.gates = dgates_;
}

}  // namespace palimpsest
