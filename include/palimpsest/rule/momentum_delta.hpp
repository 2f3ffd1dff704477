// M ← η M − θ (ρ W k − v) kᵀ,  W ← α W + M,  y = W q: gradient descent on ½‖W k − v‖² with momentum and decay. η = 0, α = 1 is
// the delta rule of strength θ.
// Source: Behrouz, Zhong, Mirrokni 2024, "Titans" (arXiv 2501.00663), eqs. 9 and 13, the linear memory.
// rule/momentum_query.hpp has coefficients and adjoint.
#pragma once

#include "palimpsest/rule/carried.hpp"
#include "palimpsest/rule/momentum_query.hpp"
#include "palimpsest/rule/rule.hpp"

namespace palimpsest {

template <class T>
struct MomentumDeltaRule {
  static constexpr std::string_view name = "momentum_delta";
  static constexpr std::string_view summary = "delta with momentum and decay (Titans, linear memory)";
  static constexpr std::array gates{Gate{.name = "theta", .meaning = "step", .stream = 2}, kAlpha,
                                    Gate{.name = "eta", .meaning = "momentum", .stream = 3}};
  static constexpr RuleTraits traits{.retrieves = true, .more_state = [](Index p, Index d_v) { return p * d_v; }};  // M
  static Index steps_per_write() { return 1; }

  // Per write, feature and query: k·x 2, w 3, x 2; back those again and k·h, w·h, x·g, 2 each, dk 4, g 3, h 2.
  static Operations operations(const RuleShape& x) { return {7 * x.L * x.p * x.N, 22 * x.L * x.p * x.N}; }

  struct Workspace {
    MomentumGates<T> gates, dgates;
    typename MomentumQuery<T>::Workspace query;
    typename MomentumQuery<T>::Pairs left, dleft;  // dleft: nothing, unless go_on_backward was called
  };

  void coefficients(ConstMatrixView<T> K, const Writes<T>& writes, ConstMatrixView<T> Q, std::span<const Index> seen,
                    MatrixView<T> C, Workspace& work) const {
    work.gates = {writes.gate(1), writes.gate(2), writes.gate(0), writes.retrieval};
    MomentumQuery<T>::coefficients(K, work.gates, Q, seen, C, work.query, &work.left);
    work.dleft = {};
  }

  void go_on(const Carried<T>& before, const Workspace& work, MatrixView<T> Y) const {
    Y.noalias() += before.values * work.left.w;
    Y.noalias() += before.more * (work.left.x - work.left.w);
  }
  void go_on_backward(const Carried<T>& before, ConstMatrixView<T> dY, Workspace& work) const {
    work.dleft = {before.values.transpose() * dY, before.more.transpose() * dY};
  }

  void backward(ConstMatrixView<T> K, const Writes<T>&, ConstMatrixView<T> Q, std::span<const Index> seen,
                ConstMatrixView<T> dC, Workspace& work, MatrixView<T> dK, Writes<T>& dwrites, MatrixView<T> dQ) const {
    work.dgates.set_constant(K.cols(), T(0));
    dK.setZero();
    MomentumQuery<T>::backward(K, work.gates, Q, seen, dC, work.query, dK, work.dgates, dQ,
                               work.dleft.w.size() > 0 ? &work.dleft : nullptr);
    dwrites.gate(0) += work.dgates.theta;
    dwrites.gate(1) += work.dgates.alpha;
    dwrites.gate(2) += work.dgates.eta;
    dwrites.retrieval += work.dgates.retrieval;
  }

  /// W, and M beside it. η M k, what earlier writes push the answer on by, belongs to neither share of the write.
  void carry(ConstVectorView<T> k, ConstVectorView<T> v, const Writes<T>& write, Carried<T>& state,
             WriteEffect<T>* effect) const {
    const T theta = write.gate(0)(0), alpha = write.gate(1)(0), eta = write.gate(2)(0), rho = write.retrieval(0);
    Matrix<T>&W = state.values, &M = state.more;
    if (state.writes == 0) M.setZero(W.rows(), W.cols());
    const Vector<T> error = v - rho * (W * k);
    M *= eta;
    M.noalias() += theta * error * k.transpose();
    W = alpha * W + M;
    if (effect) *effect = {theta * k.squaredNorm(), alpha - theta * rho * k.squaredNorm()};
  }
};

}  // namespace palimpsest
