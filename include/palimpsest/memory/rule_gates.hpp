// The gates of a rule, open: from the logits of each write, or from what all writes share, and back.
//   of each write   g = largest · σ(logit) ,             dlogit = dg g (1 − g/largest)
//   shared          g = parameter ,  or  least + softplus(parameter) where it must be positive
//   fixed           g = a number, 1 where nothing is said
// `largest` is 1 but for β, which a rule may let go up to 2.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "palimpsest/core/parameter.hpp"
#include "palimpsest/rule/gate.hpp"
#include "palimpsest/rule/rule.hpp"

namespace palimpsest {

/// What gates are that a model doesn't learn: 1, where nothing else is said.
using FixedGates = std::map<std::string, double, std::less<>>;

/// A gate that is learnt for each write.
struct GateShape {
  std::string_view name;
  Index rows;    ///< 1, or p of a gate per feature
  double start;  ///< of its logits
};

template <class T>
class RuleGates {
 public:
  RuleGates(std::span<const Gate> list, FixedGates fixed, T largest_beta)
      : list_(list), fixed_(std::move(fixed)), largest_beta_(largest_beta) {}

  std::span<const Gate> list() const { return list_; }
  const FixedGates& fixed() const { return fixed_; }

  /// Whether a model may learn it for each write.
  bool may_learn(const Gate& gate) const { return !gate.constant && !fixed_.contains(gate.name); }

  /// What all writes share as it starts, with gradients of 0; p features.
  void start(Index p) {
    shared_.clear();
    for (const Gate& gate : list_) {
      if (!gate.constant || fixed_.contains(gate.name)) continue;
      auto& parameter = shared_.emplace_back(std::string(gate.name), gate.per_feature ? p : 1, 1);
      parameter.value.setConstant(static_cast<T>(gate.start));
      parameter.gradient.setZero();
    }
  }

  /// What all writes share.
  std::vector<Parameter<T>>& shared() { return shared_; }

  /// The gates of L writes. learnt(i): whether gate i is learnt for each write; set_logits(i, gate) then sets its logits, rows×L.
  template <class Learnt, class SetLogits>
  void open(Index p, Index L, Writes<T>& writes, Learnt&& learnt, SetLogits&& set_logits) const {
    writes.gates.resize(list_.size());
    std::size_t shared = 0;
    for (std::size_t i = 0; i < list_.size(); ++i) {
      const Gate& gate = list_[i];
      auto& open = writes.gates[i];
      const auto fixed = fixed_.find(gate.name);
      if (gate.constant && fixed == fixed_.end()) {
        open = shared_[shared++].value;
        if (gate.least > 0)  // softplus(x) = max(x, 0) + log(1 + e^{−|x|})
          open = static_cast<T>(gate.least) + open.array().max(T(0)) + (-open.array().abs()).exp().log1p();
      } else if (learnt(i)) {
        set_logits(i, open);
        open = T(1) / (T(1) + (-open.array()).exp());
        if (const T most = largest(gate); most != T(1)) open *= most;
      } else {
        open.setConstant(gate.per_feature ? p : 1, gate.constant ? 1 : L,
                         static_cast<T>(fixed == fixed_.end() ? 1 : fixed->second));
      }
    }
  }

  /// Its adjoint: adds to the gradients of what is shared, and calls take(i, dlogits) for each gate that is learnt for each
  /// write. dwrites is used up.
  template <class Learnt, class Take>
  void close(const Writes<T>& writes, Writes<T>& dwrites, Learnt&& learnt, Take&& take) {
    std::size_t shared = 0;
    for (std::size_t i = 0; i < list_.size(); ++i) {
      const Gate& gate = list_[i];
      auto& d = dwrites.gates[i];
      if (gate.constant) {
        if (fixed_.contains(gate.name)) continue;
        auto& parameter = shared_[shared++];
        if (gate.least > 0)  // the derivative of softplus is the sigmoid
          parameter.gradient.array() += d.array() / (1 + (-parameter.value.array()).exp());
        else
          parameter.gradient += d;
      } else if (learnt(i)) {
        const T most = largest(gate);
        d.array() *= writes.gates[i].array() * (1 - writes.gates[i].array() / most);
        take(i, d);
      }
    }
  }

 private:
  /// What the sigmoid of a gate is multiplied by.
  T largest(const Gate& gate) const { return gate.name == kBeta.name ? largest_beta_ : T(1); }

  std::span<const Gate> list_;
  FixedGates fixed_;
  T largest_beta_;
  std::vector<Parameter<T>> shared_;
};

}  // namespace palimpsest
