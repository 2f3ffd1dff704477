// Learns a task of tokens with a model of layers: cross entropy averaged over the questions of a batch of fresh sequences, or
// of a fixed set that is reshuffled every epoch. What train/trainer.hpp trains for tasks of tokens.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "palimpsest/train/sequence_score.hpp"
#include "palimpsest/train/token_learner.hpp"

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

template <class T>
class SequenceLearner : public TokenLearner<T> {
 public:
  using Evaluation = SequenceEvaluation;
  using typename TokenLearner<T>::Observer;

  /// threads: that work on a batch together.
  SequenceLearner(const Configuration& configuration, int threads)
      : SequenceLearner(configuration, make_token_tasks(configuration, false), threads) {}

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

  /// Numbers that the model keeps of the longest sequence of the final evaluation.
  Index state_floats() const {
    Index longest = 0;
    TokenSequence sequence;
    for (std::size_t m = 0; m < evaluated_.size(); ++m)
      for (Index i = 0; i < configuration_.evaluation_sequences; ++i) {
        deal(evaluated_[m].task, Purpose::final_evaluation, 0, m, i, sequence);
        longest = std::max<Index>(longest, std::ssize(sequence.tokens));
      }
    return lanes_.model().state_floats(longest);
  }

 private:
  using TokenLearner<T>::lanes_;

  SequenceLearner(const Configuration& configuration, std::vector<TokenMember> trained, int threads)
      : TokenLearner<T>(configuration, specification(trained[0].task),
                        std::visit([](const auto& task) { return task.targets_per_question(); }, trained[0].task),
                        threads),
        configuration_(configuration),
        trained_(std::move(trained)),
        evaluated_(make_token_tasks(configuration, true)) {}

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

  /// The i-th sequence of an evaluation's task, as its number and purpose say.
  void deal(const TokenTasks::Variant& task, Purpose purpose, Index number, std::size_t member, Index i,
            TokenSequence& sequence) const {
    const Index before = number * std::ssize(evaluated_) + static_cast<Index>(member);
    Stream stream(configuration_.seed, purpose,
                  static_cast<std::uint64_t>(before * configuration_.evaluation_sequences + i));
    std::visit([&](const auto& t) { t.deal(stream, sequence); }, task);
  }

  SequenceScore evaluate(const TokenTasks::Variant& task, Purpose purpose, Index number, std::size_t member,
                         const Observer& observer, SequenceScorer& together) {
    const auto deal_one = [&](Index i, TokenSequence& sequence) { deal(task, purpose, number, member, i, sequence); };
    SequenceScorer scorer;
    lanes_.evaluate(configuration_.evaluation_sequences, configuration_.batch, purpose,
                    number * std::ssize(evaluated_) + static_cast<Index>(member), deal_one,
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
  std::vector<TokenSequence> sequences_;  // the batch
  Index epoch_ = 0;
  std::vector<Index> order_;  // of the examples in this epoch
  std::vector<double> losses_;
  std::vector<bool> rights_;
};

}  // namespace palimpsest
