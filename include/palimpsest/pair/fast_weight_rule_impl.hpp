// Bodies of pair/fast_weight.hpp between keys and coefficients: gates, the rule and the way back; only what instantiates them
// includes this.
#pragma once

#include "palimpsest/pair/fast_weight.hpp"
#include "palimpsest/rule/position.hpp"

namespace palimpsest {

template <class T>
void FastWeight<T>::open_gates() {
  const Index L = write_columns_.size();
  gates_.open(
      feature_dim(), L, writes_, [&](std::size_t i) { return learnt(i) != nullptr; },
      [&](std::size_t i, Matrix<T>& logits) { write_columns_.gather_logits(*learnt(i), logits); });
  if (map_.accumulates())
    accumulator_.retrieval(key_features_.phi(), retrieves(), writes_.retrieval);
  else
    writes_.retrieval.setOnes(L);
}

template <class T>
void FastWeight<T>::close_gates() {
  gates_.close(
      writes_, dwrites_, [&](std::size_t i) { return learnt(i) != nullptr; },
      [&](std::size_t i, const Matrix<T>& dlogits) { write_columns_.scatter_logits(dlogits, dgates_[i]); });
}

template <class T>
void FastWeight<T>::coefficients(ConstMatrixView<T> Q, MatrixView<T> C) {
  const auto& K = key_features_.phi();
  visit_working_rule([&]<class R>(const R& rule, auto& work) {
    if constexpr (RuleOfFactors<R, T>) {
      if (by_factors<R>()) {
        rule.factors(K, writes_, factors_);
        if (Q.cols() == 1 && seen_.empty())
          one_query_.coefficients(factors_, Q.col(0), C.col(0));
        else
          query_side_.coefficients(factors_, Q, seen_, C, kept_);
        return;
      }
    }
    if constexpr (RuleWithPositions<R, T>)
      if (!Rule<R, T> || !seen_.empty()) return rule.coefficients(K, writes_, Q, seen_, C, work);
    if constexpr (Rule<R, T>) {
      rule.coefficients(K, writes_, Q, C, work);
      if (R::separable) hide_unseen<T>(seen_, C);
    }
  });
}

template <class T>
void FastWeight<T>::answers(ConstMatrixView<T> Q, MatrixView<T> Y) {
  const auto& K = key_features_.phi();
  const auto& values = write_columns_.values();
  visit_working_rule([&]<class R>(const R& rule, auto& work) {
    if constexpr (StateRule<R>) {
      if (seen_.empty()) return rule.answers(K, writes_, values, Q, Y, work);
      for_each_position(seen_, Q.cols(), K.cols(), [&](Index seen, const std::vector<Index>& asked) {
        Matrix<T> y = Matrix<T>::Zero(Y.rows(), std::ssize(asked));
        if (seen > 0) rule.answers(K.leftCols(seen), writes_, values, Matrix<T>(Q(Eigen::all, asked)), y, work);
        for (Index i = 0; i < y.cols(); ++i) Y.col(asked[i]) = y.col(i);
      });
    }
  });
}

template <class T>
bool FastWeight<T>::rule_backward(Index first, Index count, ConstMatrixView<T> Q, ConstMatrixView<T> dY) {
  const ConstMatrixView<T> K = key_features_.phi().middleCols(first, count);
  const ConstMatrixView<T> C = C_.middleRows(C_.rows() > 0 ? first : 0, C_.rows() > 0 ? count : 0);
  const ConstMatrixView<T> dC = dC_.middleRows(C_.rows() > 0 ? first : 0, C_.rows() > 0 ? count : 0);
  dK_.resize(Q.rows(), count);
  bool undivided = false;
  visit_working_rule([&]<class R>(const R& rule, auto& work) {
    if constexpr (RuleOfFactors<R, T>) {
      const bool read_by_factors = by_factors<R>();
      if (read_by_factors || (Q.cols() > 1 && !R::separable)) {
        if (!read_by_factors) {  // a recurrence has its adjoint query by query; of several the engine's is products of matrices
          rule.factors(K, writes_, factors_);
          again_.resize(K.cols(), Q.cols());
          query_side_.coefficients(factors_, Q, seen_, again_, kept_);
        }
        set_zero_like(factors_, dfactors_);
        if (Q.cols() == 1 && seen_.empty())
          one_query_.backward(factors_, dC.col(0), dfactors_, dQ_block_.col(0));
        else
          query_side_.coefficients_backward(factors_, dC, kept_, dfactors_, dQ_block_);
        dK_.setZero();
        rule.factors_backward(K, writes_, dfactors_, dK_, dwrites_);
        return;
      }
    }
    if constexpr (RuleWithPositions<R, T>)
      if (!Rule<R, T> || !seen_.empty()) return rule.backward(K, writes_, Q, seen_, dC, work, dK_, dwrites_, dQ_block_);
    if constexpr (requires { R::undivides; }) {
      const auto division = divides() ? Division<T>() : map_.division(key_features_);
      undivided = division.scale != nullptr;
      rule.backward(first, K, writes_, Q, C, dC, work, dK_, dwrites_, dQ_block_, division);
    } else if constexpr (Rule<R, T>) {
      rule.backward(first, K, writes_, Q, C, dC, work, dK_, dwrites_, dQ_block_);
    } else if constexpr (StateRule<R>) {
      const auto& values = write_columns_.values();
      if (seen_.empty()) {
        rule.backward(K, writes_, values, Q, dY, work, dK_, dwrites_, dQ_block_);
        return;
      }
      dK_.setZero();
      for_each_position(seen_, Q.cols(), K.cols(), [&](Index seen, const std::vector<Index>& asked) {
        if (seen == 0) return;
        const Matrix<T> q = Q(Eigen::all, asked);
        Matrix<T> y(dY.rows(), q.cols()), dq = Matrix<T>::Zero(q.rows(), q.cols()), dk(K.rows(), seen);
        rule.answers(K.leftCols(seen), writes_, values, q, y, work);
        rule.backward(K.leftCols(seen), writes_, values, q, Matrix<T>(dY(Eigen::all, asked)), work, dk, dwrites_, dq);
        dK_.leftCols(seen) += dk;
        for (Index i = 0; i < q.cols(); ++i) dQ_block_.col(asked[i]) += dq.col(i);
      });
    }
  });
  return undivided;
}

template <class T>
void FastWeight<T>::features_backward(Index first, Index count, ConstMatrixView<T> Q, ConstMatrixView<T> dY) {
  const ConstMatrixView<T> x = x_.middleCols(first, count);
  const bool undivided = rule_backward(first, count, Q, dY);
  if (divides()) {
    accumulator_.divisor_backward(Q, seen_, ddivisor_, dQ_block_);
    accumulator_.backward(key_features_.phi(), writes_.retrieval, dwrites_.retrieval, retrieves(), dK_);
  }
  if (undivided)
    map_.kernel_backward(key_features_, x, first, dK_, dx_);
  else
    map_.backward(key_features_, x, first, dK_, dx_);
}

}  // namespace palimpsest
