// What looks on while the best parameters are evaluated: writers of its episodes, and what is counted of them.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "palimpsest/core/npy.hpp"
#include "palimpsest/task/question_answering.hpp"
#include "palimpsest/train/pair_learner.hpp"
#include "palimpsest/train/point.hpp"
#include "palimpsest/train/token_learner.hpp"

namespace palimpsest {

/// Writes each episode it sees, numbered, with the outputs (S×N), the coefficients (L×N, of a rule that has them) and the
/// random features it was answered with.
template <class T, class Memory>
SequenceObserver<T, typename Memory::Kept> episode_writer(const std::filesystem::path& directory,
                                                          const Memory& memory) {
  std::filesystem::create_directories(directory);
  const Matrix<T>* omega = nullptr;  // what it points at is drawn anew at each redraw
  if constexpr (requires { memory.random_features(); }) omega = memory.random_features();
  return [directory, omega, number = 0](const Episode& episode, const Matrix<T>& Y,
                                        const typename Memory::Kept& kept) mutable {
    const auto file = [&](std::string_view what) { return directory / fmt::format("{:03}_{}.npy", number, what); };
    std::vector<int> asked, targets, after;
    for (const Query& query : episode.queries) {
      after.push_back(static_cast<int>(query.seen(std::ssize(episode.keys))));
      asked.push_back(query.key);
      targets.push_back(query.target);
    }
    write_npy(file("keys"), episode.keys);
    write_npy(file("values"), episode.values);
    write_npy(file("queries"), asked);
    write_npy(file("targets"), targets);
    write_npy(file("after"), after);
    write_npy(file("outputs"), Y);
    if (kept.coefficients().rows() > 0) write_npy(file("coefficients"), kept.coefficients());
    if (omega) write_npy(file("omega"), *omega);
    ++number;
  };
}

/// Writes each sequence it sees, numbered, with its questions and whether their answers were right.
inline TokenObserver sequence_writer(const std::filesystem::path& directory) {
  std::filesystem::create_directories(directory);
  return [directory, number = 0](const TokenSequence& sequence, std::span<const Answered> answered) mutable {
    const auto file = [&](std::string_view what) { return directory / fmt::format("{:03}_{}.npy", number, what); };
    std::vector<int> right;
    for (const auto& answer : answered) right.push_back(answer.right);
    write_npy(file("tokens"), sequence.tokens);
    if (!sequence.partners.empty()) write_npy(file("partners"), sequence.partners);
    write_npy(file("positions"), sequence.positions);
    write_npy(file("targets"), sequence.targets);
    if (!sequence.distances.empty()) write_npy(file("distances"), sequence.distances);
    write_npy(file("right"), right);
    ++number;
  };
}

/// What needs no model to answer the questions of an evaluation: the last place that was named, the most frequent answer.
class QuestionBaselines {
 public:
  explicit QuestionBaselines(const QuestionAnswering& task) : task_(task) {}

  void add(const TokenSequence& sequence) {
    const auto places = task_.most_recent_places(sequence);
    for (std::size_t n = 0; n < places.size(); ++n) {
      recent_ += places[n] == sequence.targets[n];
      ++answers_[sequence.targets[n]];
      ++questions_;
    }
  }

  void take(Outcome& outcome) const {
    Index most = 0;
    for (const auto& [answer, times] : answers_) most = std::max(most, times);
    outcome.baseline_recent = static_cast<double>(recent_) / static_cast<double>(questions_);
    outcome.baseline_majority = static_cast<double>(most) / static_cast<double>(questions_);
  }

 private:
  QuestionAnswering task_;
  Index recent_ = 0, questions_ = 0;
  std::map<int, Index> answers_;
};

/// Mean gates over all writes of an evaluation, in the order of the rule's list.
class GateMeans {
 public:
  template <class T>
  void add(const Writes<T>& writes) {
    sums_.resize(writes.gates.size());
    for (std::size_t i = 0; i < writes.gates.size(); ++i) {
      sums_[i].first += writes.gates[i].template cast<double>().sum();
      sums_[i].second += static_cast<double>(writes.gates[i].size());
    }
  }

  /// Empty if there is no gate of that name.
  std::optional<double> of(std::span<const Gate> gates, std::string_view name) const {
    const int i = index_of(gates, name);
    if (i < 0 || sums_.empty()) return std::nullopt;
    return sums_[static_cast<std::size_t>(i)].first / sums_[static_cast<std::size_t>(i)].second;
  }

  /// Of all but β and α.
  std::string others(std::span<const Gate> gates) const {
    std::string text;
    for (const Gate& gate : gates)
      if (gate.name != kBeta.name && gate.name != kAlpha.name)
        text += fmt::format("{}{}={:.6g}", text.empty() ? "" : " ", gate.name, *of(gates, gate.name));
    return text;
  }

 private:
  std::vector<std::pair<double, double>> sums_;  // and counts
};

/// Answers of an evaluation that are all 0, or divided by ε more than by z·q: features are 0 or underflow.
struct Vanishing {
  double lost = 0, asked = 0;

  template <class Kept, class T>
  void add(const Kept& kept, const Matrix<T>& Y) {
    asked += static_cast<double>(Y.cols());
    for (Index n = 0; n < Y.cols(); ++n) {
      bool divided = false;
      if constexpr (requires { kept.divided_by_epsilon(n); }) divided = kept.divided_by_epsilon(n);
      lost += divided || (Y.col(n).array() == 0).all();
    }
  }

  /// Empty if there are none.
  std::string text() const { return lost > 0 ? fmt::format("; {:.3g} % of answers vanish", 100 * lost / asked) : ""; }
};

}  // namespace palimpsest
