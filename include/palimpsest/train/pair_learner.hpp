// Learns keys for one memory with a mini-model of tables: batches of fresh episodes with one query each, ½ Σ_j (v_j − ŷ_j)²
// averaged over them. What train/trainer.hpp trains for tasks of pairs.
// Source: Schlag, Irie, Schmidhuber 2021 (arXiv 2102.11174), section 6.1 and its synthetic code.
#pragma once

#include <numeric>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "palimpsest/train/configuration.hpp"
#include "palimpsest/train/evaluation.hpp"
#include "palimpsest/train/parts.hpp"
#include "palimpsest/train/redraw.hpp"

namespace palimpsest {

template <class T, class Model, class Memory>
class PairLearner {
 public:
  using Real = T;
  using Evaluation = palimpsest::Evaluation;
  using Observer = SequenceObserver<T, typename Memory::Kept>;
  static constexpr double weight_decay = 0, largest_gradient = 0;

  PairLearner(const Configuration& configuration, Model model, Memory memory)
      : configuration_(configuration),
        task_(make_task(configuration, configuration.L)),
        model_(std::move(model)),
        memory_(std::move(memory)),
        redraw_interval_(redraw_interval(configuration.redraw)),
        all_keys_(static_cast<std::size_t>(configuration.S)),
        batch_(static_cast<std::size_t>(configuration.batch)),
        batch_keys_(batch_.size()),
        Y_(configuration.S, 1) {
    std::iota(all_keys_.begin(), all_keys_.end(), 0);
    draw_features(0);
  }

  /// The batch's mean loss, with its gradients in parameters(), of the step that follows `steps` ones.
  double learn(Index steps) {
    for (Index b = 0; b < configuration_.batch; ++b) {
      Stream stream(configuration_.seed, Purpose::training,
                    static_cast<std::uint64_t>(steps * configuration_.batch + b));
      std::visit([&](const auto& task) { task.deal_training(stream, batch_[b]); }, task_);
      batch_keys_[b] = batch_[b].queries[0].key;
    }
    if (redraw_interval_ > 0 && steps % redraw_interval_ == 0) draw_features(steps / redraw_interval_);
    model_.encode(batch_keys_, tables_);
    memory_.begin(tables_);
    double loss = 0;
    for (Index b = 0; b < configuration_.batch; ++b) {
      column_.assign(1, static_cast<int>(b));
      const Index after = batch_[b].queries[0].seen(std::ssize(batch_[b].keys));
      const Asked asked(column_, {&after, 1});
      memory_.read(batch_[b], asked, Y_, kept_);
      Y_(batch_[b].queries[0].target, 0) -= T(1);
      loss += 0.5 * static_cast<double>(Y_.squaredNorm());
      Y_ /= static_cast<T>(configuration_.batch);
      memory_.backward(batch_[b], asked, Y_, kept_);
    }
    memory_.end(gradient_);
    model_.backward(batch_keys_, gradient_);
    return loss / static_cast<double>(configuration_.batch);
  }

  /// Of the parameters as they are, on fresh sequences, others for another purpose or number.
  Evaluation evaluate(Purpose purpose, Index number, const Observer& observer = {}) {
    const auto mode =
        configuration_.evaluation == "published_2021" ? EvaluationMode::published_2021 : EvaluationMode::exact;
    const Index sequences = configuration_.evaluation_sequences;
    const auto task =
        make_task(configuration_, mode == EvaluationMode::published_2021 ? configuration_.S : configuration_.L);
    model_.encode(all_keys_, tables_);
    return palimpsest::evaluate<T>(
        memory_, kept_, configuration_.S, mode, sequences,
        [&](Index i, Episode& episode) {
          Stream stream(configuration_.seed, purpose, static_cast<std::uint64_t>(number * sequences + i));
          std::visit([&](const auto& dealing) { dealing.deal_evaluation(stream, episode); }, task);
        },
        [&](Index i) {
          if (redraw_interval_ == 1) {
            const auto index = static_cast<std::uint64_t>(number * sequences + i);
            draw_features(Stream(configuration_.seed, redraw_for(purpose), index));
          }
          if (i == 0 || redraw_interval_ == 1) memory_.begin(tables_);
        },
        observer);
  }

  /// Why an evaluation as good as this ends training; empty if it doesn't.
  std::string reached(const Evaluation& evaluation) const {
    return evaluation.loss <= configuration_.tolerance ? "tolerance" : "";
  }

  /// Goes back to the random features that a step, counted from 1, ended with; drawn at every pass, there are none to keep.
  void return_to(Index step) {
    if (redraw_interval_ != 1) draw_features(redraw_interval_ == 0 || step == 0 ? 0 : (step - 1) / redraw_interval_);
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
  void draw_features(Index number) {
    draw_features(Stream(configuration_.seed, Purpose::redraw, static_cast<std::uint64_t>(number)));
  }

  void draw_features(Stream stream) {
    if constexpr (requires { memory_.draw(stream); }) memory_.draw(stream);
  }

  Configuration configuration_;
  Tasks::Variant task_;
  Model model_;
  Memory memory_;
  Index redraw_interval_;

  std::vector<int> all_keys_;
  std::vector<Episode> batch_;
  std::vector<int> batch_keys_, column_;
  TokenTables<T> tables_, gradient_;
  typename Memory::Kept kept_;  // of one read at a time
  Matrix<T> Y_;                 // S×1
};

}  // namespace palimpsest
