// The learning rate of each step, and when training ends. T steps at most (max_steps), at a highest rate η (learning_rate),
// of which the n-th of the first `warmup` steps takes the share n/warmup:
//   constant  η, until `patience` evaluations in a row lowered the loss no further, or T
//   cosine    η·½(1 + cos(πt/T)) of step t, counted from 0, until T. Source: Loshchilov, Hutter 2017 (arXiv 1608.03983),
//             equation 5 without restarts
//   cooldown  η, until `patience` evaluations in a row lowered the loss no further, then η(1 − √x), where x goes from 0 to 1
//             over `cooldown` times as many steps as went before; it begins early enough to end at T. Source: Hägele et al.
//             2024 (arXiv 2405.18392), equation 2 and section 4.1. If that lowest loss is, but for a share `improvement`,
//             the ½ of answering nothing, nothing was learnt that a lower rate could settle, and training ends at once
// An evaluation lowers the loss if it is below (1 − improvement) times the loss that last did.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <optional>
#include <string_view>

#include "palimpsest/train/configuration.hpp"

namespace palimpsest {

class Schedule {
 public:
  static constexpr std::array<std::string_view, 3> names = {"constant", "cosine", "cooldown"};

  explicit Schedule(const Configuration& configuration)
      : cosine_(configuration.schedule == "cosine"),
        cools_(configuration.schedule == "cooldown"),
        highest_rate_(configuration.learning_rate),
        warmup_(static_cast<double>(configuration.warmup)),
        improvement_(configuration.improvement),
        cooldown_(configuration.cooldown),
        last_(configuration.max_steps),
        evaluation_every_(configuration.evaluation_every),
        patience_(configuration.patience) {}

  /// Of the step that follows `steps` ones.
  double rate(Index steps) const {
    const auto share = [&](Index from) {
      return static_cast<double>(steps - from) / static_cast<double>(last_ - from);
    };
    double rate = highest_rate_;
    if (static_cast<double>(steps) < warmup_) rate *= static_cast<double>(steps + 1) / warmup_;
    if (cosine_) return rate * 0.5 * (1 + std::cos(std::numbers::pi * share(0)));
    return falls_from_ ? rate * (1 - std::sqrt(share(*falls_from_))) : rate;
  }

  /// Whether training ends with this step whatever its evaluation says.
  bool is_last(Index steps) const { return steps == last_; }

  /// Takes the loss after `steps` steps; says why training ends if it does.
  std::optional<std::string_view> evaluated(Index steps, double loss) {
    if (!lowest_ || loss < *lowest_ * (1 - improvement_)) {
      lowest_ = loss;
      stalled_ = 0;
    } else {
      ++stalled_;
    }
    const bool stalled = stalled_ == patience_;
    if (stalled && !cosine_ && !falls_from_ && (!cools_ || answers_nothing())) return "patience";
    if (is_last(steps)) return falls_from_ ? "cooldown" : "max_steps";
    if (!cools_ || falls_from_) return std::nullopt;
    if (stalled || steps + evaluation_every_ + cooldown_steps(steps + evaluation_every_) > last_) fall(steps);
    return std::nullopt;
  }

  /// All that it keeps between evaluations; see core/archive.hpp.
  template <class Archive>
  void state(Archive& archive) {
    archive(last_, falls_from_, lowest_, stalled_);
  }

 private:
  bool answers_nothing() const { return std::abs(*lowest_ - 0.5) <= 0.5 * improvement_; }

  Index cooldown_steps(Index before) const {
    return static_cast<Index>(std::ceil(cooldown_ * static_cast<double>(before)));
  }

  void fall(Index steps) {
    falls_from_ = steps;
    last_ = std::min(last_, steps + std::max<Index>(cooldown_steps(steps), 1));
  }

  bool cosine_, cools_;
  double highest_rate_, warmup_, improvement_, cooldown_;
  Index last_, evaluation_every_, patience_;
  std::optional<Index> falls_from_;  // steps before the rate began to fall
  std::optional<double> lowest_;     // the loss that was last an improvement
  Index stalled_ = 0;                // evaluations since
};

}  // namespace palimpsest
