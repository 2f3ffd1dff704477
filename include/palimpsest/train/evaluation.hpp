// How a model is evaluated, on fresh sequences, in float64 averages:
//   exact           every key of every sequence is asked; all queries have equal weight
//   published_2021  as the 2021 synthetic code did: sequences of S writes whatever L is, only the 200 lowest of the keys
//                   present are asked (`np.unique(k)[:200]`), and the mean is over chunks of 32 queries, the short last
//                   chunk of a sequence weighing as much as the others; theory/published_bound.hpp has its bound
#pragma once

#include <algorithm>
#include <array>
#include <functional>
#include <limits>
#include <numeric>
#include <optional>
#include <string_view>
#include <vector>

#include "palimpsest/pair/memory.hpp"
#include "palimpsest/task/episode.hpp"
#include "palimpsest/theory/published_bound.hpp"
#include "palimpsest/train/ratio_average.hpp"

namespace palimpsest {

enum class EvaluationMode { exact, published_2021 };

/// Mean losses of four kinds of queries (equal weights); empty where there was none.
using LossParts = std::array<std::optional<double>, 4>;

struct Evaluation {
  double loss = 0;      ///< mean of ½ Σ_j (v_j − ŷ_j)² over queries, weighted as the mode says
  double accuracy = 0;  ///< share of queries (equal weights) whose largest output is the target, and only that one
  LossParts
      by_age;  ///< by the quarter, of what a query saw of the sequence, in which the answer was written, newest first
  LossParts by_overwrites;           ///< by how often the key had been overwritten: 0, 1, 2, 3 or more times
  std::optional<double> loss_error;  ///< standard error of loss, from how sequences differ; empty of one sequence
};

/// Sorts queries into the parts above.
class LossBreakdown {
 public:
  void add(const Episode& episode, const std::vector<double>& losses) {
    for (std::size_t n = 0; n < losses.size(); ++n) {
      const auto seen = episode.queries[n].seen(std::ssize(episode.keys));
      std::ptrdiff_t last = -1, writes = 0;
      for (std::ptrdiff_t t = 0; t < seen; ++t)
        if (episode.keys[t] == episode.queries[n].key) last = t, ++writes;
      if (writes == 0) continue;
      age_.add(static_cast<std::size_t>((seen - 1 - last) * 4 / seen), losses[n]);
      overwrites_.add(static_cast<std::size_t>(std::min<std::ptrdiff_t>(writes - 1, 3)), losses[n]);
    }
  }

  LossParts by_age() const { return age_.means(); }
  LossParts by_overwrites() const { return overwrites_.means(); }

 private:
  struct Parts {
    std::array<double, 4> sum{}, count{};
    void add(std::size_t part, double loss) {
      sum[part] += loss;
      ++count[part];
    }
    LossParts means() const {
      LossParts means;
      for (std::size_t i = 0; i < means.size(); ++i)
        if (count[i] > 0) means[i] = sum[i] / count[i];
      return means;
    }
  };

  Parts age_, overwrites_;
};

/// Mean loss over sequences: exact evaluation takes the losses of a sequence's queries, the published one the means of
/// its chunks.
class LossAverage {
 public:
  explicit LossAverage(EvaluationMode mode) : mode_(mode) {}

  void add(const std::vector<double>& losses_of_a_sequence) {
    const auto& losses = losses_of_a_sequence;
    const auto chunk = static_cast<std::size_t>(mode_ == EvaluationMode::exact ? 1 : theory::published_chunk);
    average_.begin_sequence();
    for (std::size_t first = 0; first < losses.size(); first += chunk) {
      const std::size_t last = std::min(first + chunk, losses.size());
      average_.add(std::accumulate(losses.begin() + first, losses.begin() + last, 0.0) /
                   static_cast<double>(last - first));
    }
  }

  double value() const { return average_.value(); }

  /// Standard error of value(); empty of one sequence.
  std::optional<double> error() const { return average_.error(); }

 private:
  EvaluationMode mode_;
  RatioAverage average_;
};

/// One evaluated sequence, as an observer sees it: Y is S×N, a column a query; Kept is what the memory kept of reading it.
template <class T, class Kept>
using SequenceObserver = std::function<void(const Episode&, const Matrix<T>& Y, const Kept&)>;

/// Evaluates `memory` on `sequences` episodes. `deal(i, episode)` deals sequence i; `prepare(i)` runs before it is read and
/// must leave the memory begun with tables in which query column c asks for key c. Only an observed evaluation is broken
/// down by age and overwrites. `kept` is overwritten: that of the step before, so that its memory is used again.
template <class T, class Memory, class Deal, class Prepare>
Evaluation evaluate(Memory& memory, typename Memory::Kept& kept, Index S, EvaluationMode mode, Index sequences,
                    Deal&& deal, Prepare&& prepare, const SequenceObserver<T, typename Memory::Kept>& observer = {}) {
  Episode episode;
  Matrix<T> Y;
  std::vector<int> columns;
  std::vector<Index> after;
  std::vector<double> losses;
  LossAverage average(mode);
  LossBreakdown breakdown;
  double retrieved = 0, asked = 0;
  for (Index i = 0; i < sequences; ++i) {
    deal(i, episode);
    if (mode == EvaluationMode::published_2021 && std::ssize(episode.queries) > theory::published_max_queries)
      episode.queries.resize(theory::published_max_queries);  // they are dealt lowest key first
    columns.clear();
    after.clear();
    for (const Query& query : episode.queries) {
      columns.push_back(query.key);
      after.push_back(query.seen(std::ssize(episode.keys)));
    }
    prepare(i);
    Y.resize(S, std::ssize(columns));
    memory.read(episode, Asked(columns, after), Y, kept);
    if (observer) observer(episode, Y, kept);
    losses.clear();
    for (Index n = 0; n < Y.cols(); ++n) {
      const int target = episode.queries[n].target;
      const double answer = Y(target, n);
      Y(target, n) = -std::numeric_limits<T>::infinity();
      retrieved += answer > Y.col(n).maxCoeff();
      Y(target, n) = 0;
      losses.push_back(0.5 * ((answer - 1) * (answer - 1) + static_cast<double>(Y.col(n).squaredNorm())));
    }
    asked += static_cast<double>(Y.cols());
    average.add(losses);
    if (observer) breakdown.add(episode, losses);
  }
  return {average.value(), retrieved / asked, breakdown.by_age(), breakdown.by_overwrites(), average.error()};
}

}  // namespace palimpsest
