// What learners of tasks of tokens share: a model of layers in lanes, and how it is seen from outside.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "palimpsest/train/configuration.hpp"
#include "palimpsest/train/lanes.hpp"
#include "palimpsest/train/parts.hpp"

namespace palimpsest {

/// One evaluated sequence, as an observer sees it.
using TokenObserver = std::function<void(const TokenSequence&, std::span<const Answered>)>;

template <class T>
class TokenLearner {
 public:
  using Real = T;
  using Observer = TokenObserver;

  double weight_decay, largest_gradient;

  void return_to(Index step) { lanes_.return_to(step); }

  std::vector<Parameter<T>*> parameters() { return lanes_.parameters(); }

  SequenceModel<T>& model() { return lanes_.model(); }

  /// Processor time of other threads than the caller's, which a point counts as its own.
  double seconds_of_others() const { return lanes_.seconds_of_others(); }

  /// The components that it is made of by kind, as they name themselves.
  std::vector<std::pair<std::string, std::string>> parts() const {
    std::vector<std::pair<std::string, std::string>> all{{"task", task_}, {"model", std::string(kSequenceModel)}};
    for (auto& part : lanes_.model().parts()) all.push_back(std::move(part));
    return all;
  }

 protected:
  /// task: as it names itself; threads: that work on a batch together.
  TokenLearner(const Configuration& configuration, std::string task, Index targets_per_question, int threads)
      : weight_decay(configuration.weight_decay),
        largest_gradient(configuration.largest_gradient),
        lanes_(sequence_options(configuration), targets_per_question, configuration.seed, threads,
               redraw_interval(configuration.redraw)),
        task_(std::move(task)) {}

  Lanes<T> lanes_;

 private:
  std::string task_;
};

}  // namespace palimpsest
