// Learns a task of tokens with a model of layers: cross entropy averaged over the questions of a batch of fresh sequences, or
// of a fixed set that is reshuffled every epoch. What train/trainer.hpp trains for tasks of tokens.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "palimpsest/train/configuration.hpp"
#include "palimpsest/train/lanes.hpp"
#include "palimpsest/train/parts.hpp"
#include "palimpsest/train/sequence_score.hpp"

namespace palimpsest {

/// What was measured at one size of the task.
struct SizeScore {
  Index size;
  SequenceScore score;
};

struct SequenceEvaluation {
  double loss = 0;      ///< cross entropy, like the next three the mean over the sizes
  double accuracy = 0;  ///< share of questions that are right
  double sequence_accuracy = 0;
  std::optional<double> loss_error, accuracy_error;  ///< standard errors
  /// Accuracy by the quarter of its sequence that lies between a question and its answer, nearest first, over all.
  std::array<std::optional<double>, 4> accuracy_by_distance{};
  std::vector<SizeScore> by_size;
};

/// One evaluated sequence, as an observer sees it.
using TokenObserver = std::function<void(const TokenSequence&, std::span<const Answered>)>;

template <class T>
class SequenceLearner {
 public:
  using Real = T;
  using Evaluation = SequenceEvaluation;
  using Observer = TokenObserver;

  /// threads: that work on a batch together.
  SequenceLearner(const Configuration& configuration, int threads)
      : weight_decay(configuration.weight_decay),
        largest_gradient(configuration.largest_gradient),
        configuration_(configuration),
        trained_(make_token_tasks(configuration, false)),
        evaluated_(make_token_tasks(configuration, true)),
        lanes_(sequence_options(configuration), targets_per_question(), configuration.seed, threads,
               redraw_interval(configuration.redraw)) {}

  double weight_decay, largest_gradient;

  double learn(Index steps) {
    deal_batch(steps);
    return lanes_.learn(steps, sequences_);
  }

  Evaluation evaluate(Purpose purpose, Index number, const Observer& observer = {}) {
    Evaluation all;
    double loss_variance = 0, variance = 0;
    bool has_errors = true;
    SequenceScorer together;
    for (std::size_t m = 0; m < evaluated_.size(); ++m) {
      const auto score = evaluate(evaluated_[m].task, purpose, number, m, observer, together);
      all.by_size.push_back({evaluated_[m].size, score});
      const double share = 1 / static_cast<double>(evaluated_.size());
      all.loss += share * score.cross_entropy;
      all.accuracy += share * score.accuracy;
      all.sequence_accuracy += share * score.sequence_accuracy;
      has_errors = has_errors && score.cross_entropy_error && score.accuracy_error;
      if (!has_errors) continue;
      loss_variance += share * share * *score.cross_entropy_error * *score.cross_entropy_error;
      variance += share * share * *score.accuracy_error * *score.accuracy_error;
    }
    all.accuracy_by_distance = together.score().accuracy_by_distance;
    if (has_errors) all.loss_error = std::sqrt(loss_variance), all.accuracy_error = std::sqrt(variance);
    return all;
  }

  std::string reached(const Evaluation& evaluation) const {
    return evaluation.accuracy >= configuration_.target_accuracy ? "target_accuracy" : "";
  }

  void return_to(Index step) { lanes_.return_to(step); }

  std::vector<Parameter<T>*> parameters() { return lanes_.parameters(); }

  SequenceModel<T>& model() { return lanes_.model(); }

  /// Numbers that the model keeps of the longest sequence that is trained.
  Index state_floats() const {
    Index longest = 0;
    for (const auto& member : trained_) longest = std::max<Index>(longest, std::ssize(any_sequence(member).tokens));
    return lanes_.model().state_floats(longest);
  }

  std::vector<std::pair<std::string, std::string>> parts() const {
    std::vector<std::pair<std::string, std::string>> all{{"task", specification(trained_[0].task)},
                                                         {"model", std::string(kSequenceModel)}};
    for (auto& part : lanes_.model().parts()) all.push_back(std::move(part));
    return all;
  }

 private:
  void deal_batch(Index steps) {
    sequences_.resize(static_cast<std::size_t>(configuration_.batch));
    for (Index b = 0; b < configuration_.batch; ++b) {
      const auto index = static_cast<std::uint64_t>(example(steps * configuration_.batch + b));
      deal_training(trained_, configuration_.seed, index, sequences_[static_cast<std::size_t>(b)]);
    }
  }

  /// The n-th sequence to be trained, of all or of the fixed set in this epoch's order.
  Index example(Index n) {
    const Index size = configuration_.examples;
    if (size == 0) return n;
    if (n / size != epoch_ || order_.empty()) {
      epoch_ = n / size;
      order_.resize(static_cast<std::size_t>(size));
      std::iota(order_.begin(), order_.end(), Index(0));
      Stream stream(configuration_.seed, Purpose::shuffle, static_cast<std::uint64_t>(epoch_));
      for (Index i = size - 1; i > 0; --i)  // Fisher and Yates
        std::swap(order_[i], order_[stream.below(static_cast<std::uint32_t>(i + 1))]);
    }
    return order_[n % size];
  }

  Index targets_per_question() const {
    return std::visit([](const auto& task) { return task.targets_per_question(); }, trained_[0].task);
  }

  SequenceScore evaluate(const TokenTasks::Variant& task, Purpose purpose, Index number, std::size_t member,
                         const Observer& observer, SequenceScorer& together) {
    const Index all = configuration_.evaluation_sequences;
    const Index before = (number * std::ssize(evaluated_) + static_cast<Index>(member)) * all;
    const auto deal = [&](Index i, TokenSequence& sequence) {
      Stream stream(configuration_.seed, purpose, static_cast<std::uint64_t>(before + i));
      std::visit([&](const auto& t) { t.deal(stream, sequence); }, task);
    };
    SequenceScorer scorer;
    lanes_.evaluate(all, configuration_.batch, deal,
                    [&](const TokenSequence& sequence, std::span<const Answered> answered) {
                      losses_.clear(), rights_.clear();
                      for (const auto& answer : answered)
                        losses_.push_back(answer.loss), rights_.push_back(answer.right);
                      for (auto* into : {&scorer, &together})
                        into->add(losses_, rights_, sequence.distances, std::ssize(sequence.tokens));
                      if (observer) observer(sequence, answered);
                    });
    return scorer.score();
  }

  Configuration configuration_;
  std::vector<TokenMember> trained_, evaluated_;
  Lanes<T> lanes_;
  std::vector<TokenSequence> sequences_;  // the batch
  Index epoch_ = 0;
  std::vector<Index> order_;  // of the examples in this epoch
  std::vector<double> losses_;
  std::vector<bool> rights_;
};

}  // namespace palimpsest
