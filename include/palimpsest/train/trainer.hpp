// Trains one mini-model with one memory on one task: batches of fresh episodes with one query each, Adam, an evaluation
// every so many steps, and a stop at a small loss or when the schedule (train/schedule.hpp) says so.
// Source: Schlag, Irie, Schmidhuber 2021 (arXiv 2102.11174), section 6.1 and its synthetic code.
#pragma once

#include <fmt/format.h>

#include <cmath>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "palimpsest/train/adam.hpp"
#include "palimpsest/train/configuration.hpp"
#include "palimpsest/train/evaluation.hpp"
#include "palimpsest/train/parts.hpp"
#include "palimpsest/train/point.hpp"
#include "palimpsest/train/schedule.hpp"

namespace palimpsest {

template <class T, class Model, class Memory>
class Trainer {
 public:
  Trainer(const Configuration& configuration, Model model, Memory memory)
      : configuration_(configuration),
        task_(make_task(configuration, configuration.L)),
        model_(std::move(model)),
        memory_(std::move(memory)),
        schedule_(configuration),
        redraw_interval_(redraw_interval(configuration.redraw)),
        all_keys_(static_cast<std::size_t>(configuration.S)),
        batch_(static_cast<std::size_t>(configuration.batch)),
        batch_keys_(batch_.size()),
        Y_(configuration.S, 1) {
    std::iota(all_keys_.begin(), all_keys_.end(), 0);
    draw_features(0);
  }

  /// One training step on fresh episodes; returns the batch's mean loss.
  double step() {
    for (Index b = 0; b < configuration_.batch; ++b) {
      Stream stream(configuration_.seed, Purpose::training,
                    static_cast<std::uint64_t>(steps_ * configuration_.batch + b));
      std::visit([&](const auto& task) { task.deal_training(stream, batch_[b]); }, task_);
      batch_keys_[b] = batch_[b].queries[0].key;
    }
    if (redraw_interval_ > 0 && steps_ % redraw_interval_ == 0) draw_features(steps_ / redraw_interval_);
    model_.encode(batch_keys_, tables_);
    memory_.begin(tables_);
    double loss = 0;
    for (Index b = 0; b < configuration_.batch; ++b) {
      column_.assign(1, static_cast<int>(b));
      const Index after = batch_[b].queries[0].seen(std::ssize(batch_[b].keys));
      const Asked asked(column_, {&after, 1});
      memory_.read(batch_[b], asked, Y_);
      Y_(batch_[b].queries[0].target, 0) -= T(1);
      loss += 0.5 * static_cast<double>(Y_.squaredNorm());
      Y_ /= static_cast<T>(configuration_.batch);
      memory_.backward(batch_[b], asked, Y_);
    }
    memory_.end(gradient_);
    model_.backward(batch_keys_, gradient_);
    stuck_ = adam_.update(parameters(), schedule_.rate(steps_));
    ++steps_;
    return loss / static_cast<double>(configuration_.batch);
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
      if (steps_ % configuration_.evaluation_every != 0 && !last) continue;

      const Index window = (steps_ - 1) % configuration_.evaluation_every + 1;
      outcome.train_loss = window_loss_ / static_cast<double>(window);
      window_loss_ = 0;
      // Rounded up: the last one has sequences of its own wherever training ends.
      const Index number = (steps_ + configuration_.evaluation_every - 1) / configuration_.evaluation_every;
      const double evaluated = evaluate(number).loss;
      outcome.last_loss = evaluated;
      outcome.curve.push_back({steps_, *outcome.train_loss, evaluated});
      if (!std::isfinite(evaluated)) return diverged(outcome, "evaluation loss is not finite");
      if (!outcome.best_loss || evaluated < *outcome.best_loss) {
        outcome.best_loss = evaluated;
        outcome.best_step = steps_;
        keep_best();
      }
      const auto end = schedule_.evaluated(steps_, evaluated);
      if (*outcome.best_loss <= configuration_.tolerance) return ended(outcome, "tolerance");
      if (end) return ended(outcome, std::string(*end));
    }
  }

  /// Evaluates the parameters as they are on fresh sequences, others for another number.
  Evaluation evaluate(Index number) { return evaluate_now(Purpose::evaluation, number); }

  /// All that run() keeps between two steps, read or written: a trainer of the same configuration that reads it goes on
  /// as this one would, to the last bit. Random streams have no state to keep.
  template <class Archive>
  void state(Archive& archive, Outcome& outcome) {
    for (auto* parameter : parameters()) archive(parameter->value);
    archive(adam_, schedule_, steps_, best_, window_loss_);
    archive(outcome.steps, outcome.best_step, outcome.train_loss, outcome.best_loss, outcome.last_loss, outcome.curve,
            outcome.seconds);
    if (archive.reads()) draw_features_of(steps_);
  }

  /// Evaluates the best parameters again, on fresh sequences. Call after run, if there is a best evaluation.
  Evaluation evaluate_best(const Outcome& outcome, const SequenceObserver<T>& observer = {}) {
    restore_best();
    draw_features_of(outcome.best_step);
    return evaluate_now(Purpose::final_evaluation, 0, observer);
  }

  /// All that is trained: the model's, then the memory's own.
  std::vector<Parameter<T>*> parameters() {
    auto all = model_.parameters();
    if constexpr (requires { memory_.parameters(); })
      for (auto* parameter : memory_.parameters()) all.push_back(parameter);
    return all;
  }

  Memory& memory() { return memory_; }

  /// The components that it runs, by kind, as they name themselves.
  std::vector<std::pair<std::string, std::string>> parts() const {
    std::vector<std::pair<std::string, std::string>> all{
        {"task", specification(task_)}, {"model", model_.name()}, {"memory", specification(memory_)}};
    for (const auto& part : memory_.parts()) all.push_back(part);
    return all;
  }

 private:
  Evaluation evaluate_now(Purpose purpose, Index number, const SequenceObserver<T>& observer = {}) {
    const auto mode =
        configuration_.evaluation == "published_2021" ? EvaluationMode::published_2021 : EvaluationMode::exact;
    const Index sequences = configuration_.evaluation_sequences;
    const auto task =
        make_task(configuration_, mode == EvaluationMode::published_2021 ? configuration_.S : configuration_.L);
    model_.encode(all_keys_, tables_);
    return palimpsest::evaluate<T>(
        memory_, configuration_.S, mode, sequences,
        [&](Index i, Episode& episode) {
          Stream stream(configuration_.seed, purpose, static_cast<std::uint64_t>(number * sequences + i));
          std::visit([&](const auto& dealing) { dealing.deal_evaluation(stream, episode); }, task);
        },
        [&](Index i) {
          if (redraw_interval_ == 1) {
            const auto index = static_cast<std::uint64_t>(number * sequences + i);
            const bool final = purpose == Purpose::final_evaluation;
            draw_features(
                Stream(configuration_.seed, final ? Purpose::final_redraw : Purpose::evaluation_redraw, index));
          }
          if (i == 0 || redraw_interval_ == 1) memory_.begin(tables_);
        },
        observer);
  }

  /// The random features that a training step, counted from 1, ended with; drawn at every pass, there are none to keep.
  void draw_features_of(Index step) {
    if (redraw_interval_ != 1) draw_features(redraw_interval_ == 0 || step == 0 ? 0 : (step - 1) / redraw_interval_);
  }

  void draw_features(Index number) {
    draw_features(Stream(configuration_.seed, Purpose::redraw, static_cast<std::uint64_t>(number)));
  }

  void draw_features(Stream stream) {
    if constexpr (requires { memory_.draw(stream); }) memory_.draw(stream);
  }

  void keep_best() {
    best_.clear();
    for (const auto* parameter : parameters()) best_.push_back(parameter->value);
  }

  void restore_best() {
    const auto all = parameters();
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

  Configuration configuration_;
  Tasks::Variant task_;
  Model model_;
  Memory memory_;
  Schedule schedule_;
  Adam<T> adam_;
  Index redraw_interval_;
  const Parameter<T>* stuck_ = nullptr;  // by the last step
  Index steps_ = 0;
  std::vector<Matrix<T>> best_;  // parameters of the best evaluation
  double window_loss_ = 0;       // sum over the steps since the last evaluation

  std::vector<int> all_keys_;
  std::vector<Episode> batch_;
  std::vector<int> batch_keys_, column_;
  TokenTables<T> tables_, gradient_;
  Matrix<T> Y_;  // S×1
};

}  // namespace palimpsest
