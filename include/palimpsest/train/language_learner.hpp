// Learns a text with a model of layers: cross entropy averaged over all next tokens of a batch of segments. Evaluations during
// training are of the validation split, the final one is of the test split, and both go through all of it. What train/trainer.hpp
// trains for language modelling.
//
// With `carry_state` each sequence of a batch is a stream through the training split (task/text.hpp), and its segments start with
// the state that the one before left; gradients end where a segment begins. Evaluations read their split in the four parts that
// train/lanes.hpp makes of it, each from an empty state on. Ends of documents are tokens like others, and no state ends there.
// Source: truncated backpropagation, Williams and Peng 1990; of fast weights, Schlag, Irie, Schmidhuber 2021 (arXiv 2102.11174),
// section 6.3 and its language-model code, `carry_state`.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <memory>
#include <numbers>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "palimpsest/task/text.hpp"
#include "palimpsest/train/ratio_average.hpp"
#include "palimpsest/train/token_learner.hpp"

namespace palimpsest {

inline constexpr std::size_t kSegmentParts = 8;

/// −log₂ p of a text per byte of it, from its mean loss per token.
inline double bits_per_byte(double loss, const Predicted& predicted) {
  return loss * static_cast<double>(predicted.tokens) / static_cast<double>(predicted.bytes) / std::numbers::ln2;
}

struct LanguageEvaluation {
  double loss = 0;                   ///< cross entropy of a token, in nats
  double accuracy = 0;               ///< share of tokens whose logit is the largest
  std::optional<double> loss_error;  ///< standard error, from how segments differ
  /// Loss by where in its segment a token is asked, in eighths; empty where none was.
  std::array<std::optional<double>, kSegmentParts> loss_by_position{};
  Predicted predicted{};

  double bits_per_byte() const { return palimpsest::bits_per_byte(loss, predicted); }

  /// exp(−ln p of the text per word of it).
  double perplexity_per_word() const {
    return std::exp(loss * static_cast<double>(predicted.tokens) / static_cast<double>(predicted.words));
  }
};

template <class T>
class LanguageLearner : public TokenLearner<T> {
 public:
  using Evaluation = LanguageEvaluation;
  using typename TokenLearner<T>::Observer;

  /// threads: that work on a batch together. Throws ConfigurationError as the text does.
  LanguageLearner(const Configuration& configuration, int threads)
      : TokenLearner<T>(configuration, std::string(Text::name), 1, threads),
        seed_(configuration.seed),
        task_(text_options(configuration)),
        data_(task_.data()),
        sequences_(static_cast<std::size_t>(configuration.batch)) {}

  double learn(Index steps) {
    const Index batch = std::ssize(sequences_);
    if (task_.carries_state()) return learn_streams(steps);
    for (Index b = 0; b < batch; ++b) {
      Stream stream(seed_, Purpose::training, static_cast<std::uint64_t>(steps * batch + b));
      task_.deal(*data_, stream, sequences_[static_cast<std::size_t>(b)]);
    }
    return lanes_.learn(steps, sequences_);
  }

  /// There is nothing fresh about a split: a number changes what random features are drawn, if they are at every pass.
  Evaluation evaluate(Purpose purpose, Index number, const Observer& observer = {}) {
    const auto& split = split_of(purpose);
    RatioAverage loss;
    double right = 0;
    std::array<std::pair<double, double>, kSegmentParts> parts{};  // sum of losses, and how many
    const auto deal = [&](Index i, TokenSequence& sequence) { task_.deal(split, i, sequence); };
    const auto see = [&](const TokenSequence& sequence, std::span<const Answered> answered) {
      loss.begin_sequence();
      for (std::size_t t = 0; t < answered.size(); ++t) {
        loss.add(answered[t].loss);
        right += answered[t].right;
        auto& [sum, count] = parts[t * kSegmentParts / static_cast<std::size_t>(task_.segment())];
        sum += answered[t].loss, ++count;
      }
      if (observer) observer(sequence, answered);
    };
    if (task_.carries_state())
      lanes_.evaluate_in_order(task_.segments(split), deal, see);
    else
      lanes_.evaluate(task_.segments(split), std::ssize(sequences_), purpose, number, deal, see);
    const auto of = predicted(purpose);
    Evaluation all{.loss = loss.value(),
                   .accuracy = right / static_cast<double>(of.tokens),
                   .loss_error = loss.error(),
                   .predicted = of};
    for (std::size_t i = 0; i < kSegmentParts; ++i)
      if (const auto& [sum, count] = parts[i]; count > 0) all.loss_by_position[i] = sum / count;
    return all;
  }

  /// What an evaluation for this purpose asks for.
  Predicted predicted(Purpose purpose) const {
    const auto& split = split_of(purpose);
    return palimpsest::predicted(*data_, split,
                                 std::min(task_.segments(split) * task_.segment(), std::ssize(split.tokens) - 1));
  }

  /// A text is never learnt.
  std::string reached(const Evaluation&) const { return ""; }

  /// What it keeps between two steps beside parameters: the states of its streams, if they are carried.
  template <class Archive>
  void state(Archive& archive) {
    if (task_.carries_state()) archive(states_);
  }

  const TextData& data() const { return *data_; }

 private:
  using TokenLearner<T>::lanes_;

  double learn_streams(Index steps) {
    const Index batch = std::ssize(sequences_);
    states_.resize(sequences_.size());
    for (Index b = 0; b < batch; ++b) {
      const auto i = static_cast<std::size_t>(b);
      if (task_.deal_stream(*data_, seed_, b, batch, steps, sequences_[i])) states_[i].clear();
    }
    return lanes_.learn(steps, sequences_, states_);
  }

  const TextSplit& split_of(Purpose purpose) const {
    return purpose == Purpose::final_evaluation ? data_->test : data_->validation;
  }

  std::uint64_t seed_;
  Text task_;
  std::shared_ptr<const TextData> data_;
  std::vector<TokenSequence> sequences_;          // the batch
  std::vector<typename Lanes<T>::State> states_;  // of its streams, if they are carried
};

}  // namespace palimpsest
