// Trains what a learner learns: steps of Adam, an evaluation every so many, and a stop where that is good enough or when the
// schedule (train/schedule.hpp) says so. It knows nothing of tasks and models; a learner is
//
//   Real, Evaluation, Observer        its numbers; what an evaluation measures, with its `loss`; who looks at one
//   weight_decay, largest_gradient    see train/adam.hpp; 0: none
//   learn(steps)                      the loss of a batch, its gradients in parameters(), after so many steps
//   evaluate(purpose, number, observer)   the parameters as they are on fresh data, others for each purpose and number
//   reached(evaluation)               why it ends training; empty if it doesn't
//   return_to(step)                   whatever else than parameters is of a step, as after that step
//   state(archive)                    optional: what it keeps from one step to the next beside parameters, read or written
//   parameters()                      all that is trained
#pragma once

#include <fmt/format.h>

#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "palimpsest/train/adam.hpp"
#include "palimpsest/train/clip.hpp"
#include "palimpsest/train/configuration.hpp"
#include "palimpsest/train/point.hpp"
#include "palimpsest/train/schedule.hpp"

namespace palimpsest {

template <class Learner>
class Trainer {
 public:
  using T = typename Learner::Real;
  using Evaluation = typename Learner::Evaluation;
  using Observer = typename Learner::Observer;

  Trainer(const Configuration& configuration, Learner learner)
      : learner_(std::move(learner)), schedule_(configuration), evaluation_every_(configuration.evaluation_every) {}

  /// One training step; returns the batch's loss.
  double step() {
    const double loss = learner_.learn(steps_);
    const auto all = learner_.parameters();
    if (learner_.largest_gradient > 0) clip_gradients(all, learner_.largest_gradient);
    stuck_ = adam_.update(all, schedule_.rate(steps_), learner_.weight_decay);
    ++steps_;
    return loss;
  }

  /// Trains to the end. before_step() is called before each step; it may throw to end early.
  template <class BeforeStep>
  void run(Outcome& outcome, BeforeStep&& before_step) {
    while (true) {
      before_step();
      const double loss = step();
      window_loss_ += loss;
      outcome.steps = steps_;
      if (!std::isfinite(loss) || stuck_) {
        outcome.train_loss = loss;
        return diverged(outcome, std::isfinite(loss) ? why_stuck() : "training loss is not finite");
      }
      const bool last = schedule_.is_last(steps_);
      if (steps_ % evaluation_every_ != 0 && !last) continue;

      const Index window = (steps_ - 1) % evaluation_every_ + 1;
      outcome.train_loss = window_loss_ / static_cast<double>(window);
      window_loss_ = 0;
      // Rounded up: the last one has sequences of its own wherever training ends.
      const Evaluation evaluation = evaluate((steps_ + evaluation_every_ - 1) / evaluation_every_);
      outcome.last_loss = evaluation.loss;
      outcome.curve.push_back({steps_, *outcome.train_loss, evaluation.loss});
      if (!std::isfinite(evaluation.loss)) return diverged(outcome, "evaluation loss is not finite");
      auto reached = learner_.reached(evaluation);
      if (!outcome.best_loss || evaluation.loss < *outcome.best_loss || !reached.empty()) {
        outcome.best_loss = evaluation.loss;
        outcome.best_step = steps_;
        keep_best();
      }
      const auto end = schedule_.evaluated(steps_, evaluation.loss);
      if (!reached.empty()) {
        outcome.steps_to_target = steps_;
        return ended(outcome, std::move(reached));
      }
      if (end) return ended(outcome, std::string(*end));
    }
  }

  /// Evaluates the parameters as they are on fresh data, others for another number.
  Evaluation evaluate(Index number) { return learner_.evaluate(Purpose::evaluation, number); }

  /// All that run() keeps between two steps, read or written: a trainer of the same configuration that reads it goes on
  /// as this one would, to the last bit. Random streams have no state to keep.
  template <class Archive>
  void state(Archive& archive, Outcome& outcome) {
    for (auto* parameter : learner_.parameters()) archive(parameter->value);
    archive(adam_, schedule_, steps_, best_, window_loss_);
    if constexpr (requires { learner_.state(archive); }) learner_.state(archive);
    archive(outcome.steps, outcome.best_step, outcome.train_loss, outcome.best_loss, outcome.last_loss, outcome.curve,
            outcome.seconds);
    if (archive.reads()) learner_.return_to(steps_);
  }

  /// Evaluates the best parameters again, on fresh data. Call after run, if there is a best evaluation.
  Evaluation evaluate_best(const Outcome& outcome, const Observer& observer = {}) {
    restore_best();
    learner_.return_to(outcome.best_step);
    return learner_.evaluate(Purpose::final_evaluation, 0, observer);
  }

  Learner& learner() { return learner_; }

 private:
  void keep_best() {
    best_.clear();
    for (const auto* parameter : learner_.parameters()) best_.push_back(parameter->value);
  }

  void restore_best() {
    const auto all = learner_.parameters();
    for (std::size_t i = 0; i < best_.size(); ++i) all[i]->value = best_[i];
  }

  /// A point may start far above any loss worth having and learn all the same, so that only its best is judged.
  static void ended(Outcome& outcome, std::string reason) {
    if (*outcome.best_loss > kExplodedLoss)
      return diverged(outcome, fmt::format("no evaluation loss below {:.0e}", kExplodedLoss));
    outcome.status = Status::ok;
    outcome.reason = std::move(reason);
  }

  static void diverged(Outcome& outcome, std::string reason) {
    outcome.status = Status::diverged;
    outcome.reason = std::move(reason);
  }

  std::string why_stuck() const {
    return fmt::format("gradient of {} is {}", stuck_->name,
                       stuck_->gradient.allFinite() ? "too large to be squared" : "not finite");
  }

  Learner learner_;
  Schedule schedule_;
  Index evaluation_every_;
  Adam<T> adam_;
  const Parameter<T>* stuck_ = nullptr;  // by the last step
  Index steps_ = 0;
  std::vector<Matrix<T>> best_;  // parameters of the best evaluation
  double window_loss_ = 0;       // sum over the steps since the last evaluation
};

}  // namespace palimpsest
