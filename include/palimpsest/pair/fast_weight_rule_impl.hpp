// Bodies of pair/fast_weight.hpp that are compiled for each rule: from keys and gates to coefficients or answers, and back. Only
// what instantiates them includes this.
#pragma once

#include "palimpsest/pair/fast_weight.hpp"
#include "palimpsest/rule/position.hpp"

namespace palimpsest {

template <class T>
void FastWeight<T>::coefficients(ConstMatrixView<T> Q, MatrixView<T> C, Kept& kept) {
  const auto& K = kept.keys.phi();
  visit_rule([&]<class R>(const R& rule) {
    auto& work = workspace<R>(kept.work);
    if constexpr (RuleOfFactors<R, T>) {
      if (by_factors<R>(kept)) {
        rule.factors(K, kept.writes, kept.factors);
        return coefficients_of_factors(Q, C, kept);
      }
    }
    if constexpr (RuleWithPositions<R, T>)
      if (!Rule<R, T> || !kept.seen.empty()) return rule.coefficients(K, kept.writes, Q, kept.seen, C, work);
    if constexpr (Rule<R, T>) {
      rule.coefficients(K, kept.writes, Q, C, work);
      if constexpr (R::traits.separable) hide_unseen<T>(kept.seen, C);
    }
  });
}

template <class T>
void FastWeight<T>::answers(ConstMatrixView<T> Q, MatrixView<T> Y, Kept& kept) const {
  const auto& K = kept.keys.phi();
  const auto& values = write_columns_.values();
  visit_rule([&]<class R>(const R& rule) {
    auto& work = workspace<R>(kept.work);
    if constexpr (StateRule<R>) {
      if (kept.seen.empty()) return rule.answers(K, kept.writes, values, Q, Y, work);
      for_each_position(kept.seen, Q.cols(), K.cols(), [&](Index seen, const std::vector<Index>& asked) {
        Matrix<T> y = Matrix<T>::Zero(Y.rows(), std::ssize(asked));
        if (seen > 0) rule.answers(K.leftCols(seen), kept.writes, values, Matrix<T>(Q(Eigen::all, asked)), y, work);
        for (Index i = 0; i < y.cols(); ++i) Y.col(asked[i]) = y.col(i);
      });
    }
  });
}

template <class T>
bool FastWeight<T>::rule_backward(Index first, Index count, ConstMatrixView<T> Q, ConstMatrixView<T> dY, Kept& kept) {
  const ConstMatrixView<T> K = kept.keys.phi().middleCols(first, count);
  const ConstMatrixView<T> C = kept.C.middleRows(kept.C.rows() > 0 ? first : 0, kept.C.rows() > 0 ? count : 0);
  const ConstMatrixView<T> dC = dC_.middleRows(kept.C.rows() > 0 ? first : 0, kept.C.rows() > 0 ? count : 0);
  dK_.resize(Q.rows(), count);
  bool undivided = false;
  visit_rule([&]<class R>(const R& rule) {
    auto& work = workspace<R>(kept.work);
    if constexpr (RuleOfFactors<R, T>) {
      const bool read_by_factors = by_factors<R>(kept);
      if (read_by_factors || (Q.cols() > 1 && !R::traits.separable)) {
        if (!read_by_factors) {  // a recurrence has its adjoint query by query; of several the engine's is products of matrices
          rule.factors(K, kept.writes, kept.factors);
          again_.resize(K.cols(), Q.cols());
          query_side_.coefficients(kept.factors, Q, kept.seen, again_, kept.query_side);
        }
        coefficients_of_factors_backward(Q, dC, kept);
        dK_.setZero();
        rule.factors_backward(K, kept.writes, dfactors_, dK_, dwrites_);
        return;
      }
    }
    if constexpr (RuleWithPositions<R, T>)
      if (!Rule<R, T> || !kept.seen.empty())
        return rule.backward(K, kept.writes, Q, kept.seen, dC, work, dK_, dwrites_, dQ_block_);
    if constexpr (RuleInBlocks<R, T>) {
      const auto division = divides() ? Division<T>() : map_.division(kept.keys);
      undivided = division.scale != nullptr;
      rule.backward(first, K, kept.writes, Q, C, dC, work, dK_, dwrites_, dQ_block_, division);
    } else if constexpr (Rule<R, T>) {
      rule.backward(first, K, kept.writes, Q, C, dC, work, dK_, dwrites_, dQ_block_);
    } else if constexpr (StateRule<R>) {
      const auto& values = write_columns_.values();
      if (kept.seen.empty()) {
        rule.backward(K, kept.writes, values, Q, dY, work, dK_, dwrites_, dQ_block_);
        return;
      }
      dK_.setZero();
      for_each_position(kept.seen, Q.cols(), K.cols(), [&](Index seen, const std::vector<Index>& asked) {
        if (seen == 0) return;
        const Matrix<T> q = Q(Eigen::all, asked);
        Matrix<T> y(dY.rows(), q.cols()), dq = Matrix<T>::Zero(q.rows(), q.cols()), dk(K.rows(), seen);
        rule.answers(K.leftCols(seen), kept.writes, values, q, y, work);
        rule.backward(K.leftCols(seen), kept.writes, values, q, Matrix<T>(dY(Eigen::all, asked)), work, dk, dwrites_,
                      dq);
        dK_.leftCols(seen) += dk;
        for (Index i = 0; i < q.cols(); ++i) dQ_block_.col(asked[i]) += dq.col(i);
      });
    }
  });
  return undivided;
}

}  // namespace palimpsest
