// Learns a task of tokens with a model of layers: cross entropy averaged over the questions of a batch of fresh sequences, or
// of a fixed set that is reshuffled every epoch. What train/trainer.hpp trains for tasks of tokens.
//
// Gradients go to a fixed number of lanes, each a quarter of the batch with a copy of the model, and are summed in their order:
// the bytes don't depend on the number of threads.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <exception>
#include <functional>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "palimpsest/task/draw.hpp"
#include "palimpsest/train/configuration.hpp"
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
        threads_(threads),
        options_(sequence_options(configuration)),
        trained_(make_token_tasks(configuration, false)),
        evaluated_(make_token_tasks(configuration, true)),
        redraw_interval_(redraw_interval(configuration.redraw)),
        lanes_(kLanes, Lane{SequenceModel<T>(options_, configuration.seed), {}, {}, {}, 0}) {}

  double weight_decay, largest_gradient;

  double learn(Index steps) {
    if (redraw_interval_ > 0 && steps % redraw_interval_ == 0) draw(steps / redraw_interval_);
    deal_batch(steps);
    follow_first_lane();
    double questions = 0;
    for (const auto& sequence : sequences_) questions += static_cast<double>(sequence.positions.size());
    for_each_share(std::ssize(sequences_), [&](Lane& lane, Index first, Index count) {
      gather({sequences_.data() + first, static_cast<std::size_t>(count)}, lane.batch);
      lane.model.clear_gradients();
      lane.loss = lane.model.train(lane.batch, 1 / questions);
    });
    double loss = 0;
    const auto sums = parameters();
    for (auto& lane : lanes_) {
      loss += lane.loss;
      if (&lane == &lanes_[0]) continue;
      const auto own = lane.model.parameters();
      for (std::size_t i = 0; i < sums.size(); ++i) sums[i]->gradient += own[i]->gradient;
    }
    return loss;
  }

  Evaluation evaluate(Purpose purpose, Index number, const Observer& observer = {}) {
    follow_first_lane();
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

  void return_to(Index step) {
    if (redraw_interval_ > 0 && step > 0) draw((step - 1) / redraw_interval_);
  }

  /// Those of the first lane, which the others follow.
  std::vector<Parameter<T>*> parameters() { return lanes_[0].model.parameters(); }

  SequenceModel<T>& model() { return lanes_[0].model; }

  /// Numbers that the model keeps of the longest sequence that is trained.
  Index state_floats() const {
    Index longest = 0;
    for (const auto& member : trained_) longest = std::max<Index>(longest, std::ssize(any_sequence(member).tokens));
    return lanes_[0].model.state_floats(longest);
  }

  std::vector<std::pair<std::string, std::string>> parts() const {
    std::vector<std::pair<std::string, std::string>> all{{"task", specification(trained_[0].task)},
                                                         {"model", std::string(kSequenceModel)}};
    for (auto& part : lanes_[0].model.parts()) all.push_back(std::move(part));
    return all;
  }

 private:
  static constexpr Index kLanes = 4;

  struct Lane {
    SequenceModel<T> model;
    TokenBatch batch;
    std::vector<Answered> answered;
    std::vector<TokenSequence> sequences;  // of an evaluation
    double loss;
  };

  /// Calls f(lane, first, count) with each lane's share of the sequences.
  template <class F>
  void for_each_share(Index sequences, F&& f) {
    std::exception_ptr failure;  // no exception may leave the parallel region
#pragma omp parallel for schedule(static, 1) num_threads(std::min <int>(threads_, kLanes)) if (threads_ > 1)
    for (Index i = 0; i < kLanes; ++i) {
      const Index first = sequences * i / kLanes, end = sequences * (i + 1) / kLanes;
      try {
        f(lanes_[static_cast<std::size_t>(i)], first, end - first);
      } catch (...) {
#pragma omp critical(sequence_learner)
        failure = std::current_exception();
      }
    }
    if (failure) std::rethrow_exception(failure);
  }

  void draw(Index number) {
    for (auto& lane : lanes_) lane.model.draw(static_cast<std::uint64_t>(number));
  }

  void follow_first_lane() {
    const auto first = parameters();
    for (auto& lane : lanes_) {
      if (&lane == &lanes_[0]) continue;
      const auto own = lane.model.parameters();
      for (std::size_t i = 0; i < first.size(); ++i) own[i]->value = first[i]->value;
    }
  }

  void deal_batch(Index steps) {
    sequences_.resize(static_cast<std::size_t>(configuration_.batch));
    for (Index b = 0; b < configuration_.batch; ++b) {
      const auto index = static_cast<std::uint64_t>(example(steps * configuration_.batch + b));
      Stream stream(configuration_.seed, Purpose::training, index);
      const auto& member = trained_[draw_member(stream, trained_.size())];
      std::visit([&](const auto& task) { task.deal(stream, sequences_[static_cast<std::size_t>(b)]); }, member.task);
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

  /// Side by side. Of pairs of tokens, the second is of the other half of the vocabulary.
  void gather(std::span<const TokenSequence> sequences, TokenBatch& batch) const {
    batch.layout.starts.assign(1, 0);
    batch.tokens.clear(), batch.partners.clear(), batch.positions.clear(), batch.targets.clear();
    batch.targets_per_question = targets_per_question();
    const auto shift = static_cast<int>(options_.first_output);
    for (const auto& sequence : sequences) {
      const Index start = batch.layout.starts.back();
      batch.tokens.insert(batch.tokens.end(), sequence.tokens.begin(), sequence.tokens.end());
      for (const int partner : sequence.partners) batch.partners.push_back(partner < 0 ? kNoToken : partner + shift);
      for (const int position : sequence.positions) batch.positions.push_back(start + position);
      for (const int target : sequence.targets) batch.targets.push_back(target + shift);
      batch.layout.starts.push_back(start + std::ssize(sequence.tokens));
    }
  }

  Index targets_per_question() const {
    return std::visit([](const auto& task) { return task.targets_per_question(); }, trained_[0].task);
  }

  /// In parts, so that few sequences of an evaluation are there at a time.
  SequenceScore evaluate(const TokenTasks::Variant& task, Purpose purpose, Index number, std::size_t member,
                         const Observer& observer, SequenceScorer& together) {
    const Index all = configuration_.evaluation_sequences;
    const Index before = (number * std::ssize(evaluated_) + static_cast<Index>(member)) * all;
    SequenceScorer scorer;
    for (Index from = 0; from < all; from += configuration_.batch) {
      const Index size = std::min(configuration_.batch, all - from);
      for_each_share(size, [&](Lane& lane, Index first, Index count) {
        lane.sequences.resize(static_cast<std::size_t>(count));
        for (Index i = 0; i < count; ++i) {
          Stream stream(configuration_.seed, purpose, static_cast<std::uint64_t>(before + from + first + i));
          std::visit([&](const auto& t) { t.deal(stream, lane.sequences[static_cast<std::size_t>(i)]); }, task);
        }
        gather(lane.sequences, lane.batch);
        lane.model.evaluate(lane.batch, lane.answered);
      });
      for (const auto& lane : lanes_) {
        std::size_t at = 0;
        for (const auto& sequence : lane.sequences) {
          const std::span<const Answered> answered(lane.answered.data() + at, sequence.positions.size());
          at += sequence.positions.size();
          losses_.clear(), rights_.clear();
          for (const auto& answer : answered) losses_.push_back(answer.loss), rights_.push_back(answer.right);
          for (auto* into : {&scorer, &together})
            into->add(losses_, rights_, sequence.distances, std::ssize(sequence.tokens));
          if (observer) observer(sequence, answered);
        }
      }
    }
    return scorer.score();
  }

  Configuration configuration_;
  int threads_;
  SequenceOptions options_;
  std::vector<TokenMember> trained_, evaluated_;
  Index redraw_interval_;
  std::vector<Lane> lanes_;
  std::vector<TokenSequence> sequences_;  // the batch
  Index epoch_ = 0;
  std::vector<Index> order_;  // of the examples in this epoch
  std::vector<double> losses_;
  std::vector<bool> rights_;
};

}  // namespace palimpsest
