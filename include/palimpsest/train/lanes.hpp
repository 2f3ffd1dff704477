// A model of layers, trained and evaluated on sequences by several threads: gradients go to a fixed number of lanes, each a
// quarter of the batch with a copy of the model, and are summed in their order, so that the bytes don't depend on the number of
// threads.
#pragma once

#include <algorithm>
#include <cstdint>
#include <exception>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "palimpsest/core/clock.hpp"
#include "palimpsest/layer/sequence_model.hpp"
#include "palimpsest/task/tokens.hpp"
#include "palimpsest/train/redraw.hpp"

namespace palimpsest {

template <class T>
class Lanes {
 public:
  /// threads: that work together. redraw_interval: steps between new random features; 0: never.
  Lanes(const SequenceOptions& options, Index targets_per_question, std::uint64_t seed, int threads,
        Index redraw_interval)
      : shift_(static_cast<int>(options.first_output)),
        targets_per_question_(targets_per_question),
        threads_(threads),
        redraw_interval_(redraw_interval),
        lanes_(kLanes, Lane{SequenceModel<T>(options, seed), {}, {}, {}, 0}) {}

  /// The first lane's, which the others follow.
  SequenceModel<T>& model() { return lanes_[0].model; }
  const SequenceModel<T>& model() const { return lanes_[0].model; }
  std::vector<Parameter<T>*> parameters() { return model().parameters(); }

  /// What a sequence leaves for the one that goes on from it.
  using State = typename SequenceModel<T>::State;

  /// The mean loss of all questions, after so many steps; its gradients are in parameters(). states: what each sequence goes on
  /// from, and then what it leaves; or none.
  double learn(Index steps, std::span<const TokenSequence> sequences, std::span<State> states = {}) {
    if (redraw_interval_ > 0 && steps % redraw_interval_ == 0) draw(steps / redraw_interval_);
    follow_first_lane();
    double questions = 0;
    for (const auto& sequence : sequences) questions += static_cast<double>(sequence.positions.size());
    for_each_share(std::ssize(sequences), [&](Lane& lane, Index first, Index count) {
      const auto share = [&](auto all) {
        return all.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count));
      };
      gather(share(sequences), lane.batch);
      lane.model.clear_gradients();
      lane.loss = lane.model.train(lane.batch, 1 / questions, states.empty() ? states : share(states));
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

  /// Calls see(sequence, answered) of so many sequences in their order, each as deal(i, sequence) has made it, by several threads
  /// at once; no more than `most` are there at a time, in one pass. Random features that are drawn at every pass are those of this
  /// purpose and number.
  template <class Deal, class See>
  void evaluate(Index sequences, Index most, Purpose purpose, Index number, Deal&& deal, See&& see) {
    follow_first_lane();
    const Index passes = (sequences + most - 1) / most;
    for (Index from = 0; from < sequences; from += most) {
      if (redraw_interval_ == 1) draw(number * passes + from / most, redraw_for(purpose));
      for_each_share(std::min(most, sequences - from), [&](Lane& lane, Index first, Index count) {
        lane.sequences.resize(static_cast<std::size_t>(count));
        for (Index i = 0; i < count; ++i) deal(from + first + i, lane.sequences[static_cast<std::size_t>(i)]);
        gather(lane.sequences, lane.batch);
        lane.model.evaluate(lane.batch, lane.answered);
      });
      show_answered(see);
    }
  }

  /// The same of sequences that follow each other: a lane reads its share in order, each going on from the state that the one before
  /// it left, and the first from an empty one.
  template <class Deal, class See>
  void evaluate_in_order(Index sequences, Deal&& deal, See&& see) {
    follow_first_lane();
    for_each_share(sequences, [&](Lane& lane, Index first, Index count) {
      lane.sequences.resize(static_cast<std::size_t>(count));
      lane.answered.clear();
      State state;
      std::vector<Answered> answered;
      for (Index i = 0; i < count; ++i) {
        auto& sequence = lane.sequences[static_cast<std::size_t>(i)];
        deal(first + i, sequence);
        gather({&sequence, 1}, lane.batch);
        lane.model.evaluate(lane.batch, answered, {&state, 1});
        lane.answered.insert(lane.answered.end(), answered.begin(), answered.end());
      }
    });
    show_answered(see);
  }

  /// Processor time that other threads than the caller's have worked for it.
  double seconds_of_others() const { return seconds_of_others_; }

  /// Random features as after that step; drawn at every pass, there are none to keep.
  void return_to(Index step) {
    if (redraw_interval_ > 1 && step > 0) draw((step - 1) / redraw_interval_);
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

  /// Calls see(sequence, answered) of what the lanes have evaluated, in order.
  template <class See>
  void show_answered(See& see) const {
    for (const auto& lane : lanes_) {
      std::size_t at = 0;
      for (const auto& sequence : lane.sequences) {
        see(sequence, std::span<const Answered>(lane.answered.data() + at, sequence.positions.size()));
        at += sequence.positions.size();
      }
    }
  }

  /// Calls f(lane, first, count) with each lane's share of the sequences.
  template <class F>
  void for_each_share(Index sequences, F&& f) {
    std::exception_ptr failure;  // no exception may leave the parallel region
    const auto caller = std::this_thread::get_id();
#pragma omp parallel for schedule(static, 1) num_threads(std::min <int>(threads_, kLanes)) if (threads_ > 1)
    for (Index i = 0; i < kLanes; ++i) {
      const Index first = sequences * i / kLanes, end = sequences * (i + 1) / kLanes;
      const double start = thread_seconds();
      try {
        f(lanes_[static_cast<std::size_t>(i)], first, end - first);
      } catch (...) {
#pragma omp critical(lanes)
        failure = std::current_exception();
      }
      if (std::this_thread::get_id() != caller) {
#pragma omp atomic
        seconds_of_others_ += thread_seconds() - start;
      }
    }
    if (failure) std::rethrow_exception(failure);
  }

  void draw(Index number, Purpose purpose = Purpose::redraw) {
    for (auto& lane : lanes_) lane.model.draw(static_cast<std::uint64_t>(number), purpose);
  }

  void follow_first_lane() {
    const auto first = parameters();
    for (auto& lane : lanes_) {
      if (&lane == &lanes_[0]) continue;
      const auto own = lane.model.parameters();
      for (std::size_t i = 0; i < first.size(); ++i) own[i]->value = first[i]->value;
    }
  }

  /// Side by side. Of pairs of tokens, the second is of the other half of the vocabulary.
  void gather(std::span<const TokenSequence> sequences, TokenBatch& batch) const {
    batch.layout.starts.assign(1, 0);
    batch.tokens.clear(), batch.partners.clear(), batch.positions.clear(), batch.targets.clear();
    batch.targets_per_question = targets_per_question_;
    for (const auto& sequence : sequences) {
      const Index start = batch.layout.starts.back();
      batch.tokens.insert(batch.tokens.end(), sequence.tokens.begin(), sequence.tokens.end());
      for (const int partner : sequence.partners) batch.partners.push_back(partner < 0 ? kNoToken : partner + shift_);
      for (const int position : sequence.positions) batch.positions.push_back(start + position);
      for (const int target : sequence.targets) batch.targets.push_back(target + shift_);
      batch.layout.starts.push_back(start + std::ssize(sequence.tokens));
    }
  }

  int shift_;  // of answers among tokens
  Index targets_per_question_;
  int threads_;
  Index redraw_interval_;
  double seconds_of_others_ = 0;
  std::vector<Lane> lanes_;
};

}  // namespace palimpsest
