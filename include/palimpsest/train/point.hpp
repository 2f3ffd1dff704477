// One point of a sweep, from its configuration to its measured outcome.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "palimpsest/train/configuration.hpp"
#include "palimpsest/train/evaluation.hpp"

namespace palimpsest {

/// diverged: a loss or a gradient isn't finite, or too large for Adam to square (above some 6e20 in single precision), or no
/// evaluation had a loss below 1e6.
enum class Status { ok, diverged, skipped };

/// No loss that means anything is above it: an answer of 0 has ½, and unnormalised memories that learn end far below. One
/// may start above it.
inline constexpr double kExplodedLoss = 1e6;

/// An evaluation during training.
struct CurvePoint {
  Index step;
  double train_loss;  ///< mean over the steps since the evaluation before
  double loss;

  template <class Archive>
  void state(Archive& archive) {
    archive(step, train_loss, loss);
  }
};

/// What was measured of sequences of one size of the task.
struct SliceScore {
  Index size;
  double accuracy, sequence_accuracy, loss;
  std::optional<double> accuracy_error;
};

/// What was measured. Losses are ½·Σ(v − ŷ)² averaged over queries. A value that the point lacks is empty.
struct Outcome {
  Status status = Status::ok;
  std::string reason;                      ///< why skipped, why training ended
  std::optional<Index> feature_dim;        ///< p; empty for a memory without a feature map
  Index steps = 0;                         ///< training steps taken
  Index best_step = 0;                     ///< step of the best evaluation
  std::optional<double> train_loss;        ///< mean over the training steps since the last evaluation but one
  std::optional<double> best_loss;         ///< best evaluation during training
  std::optional<double> last_loss;         ///< last evaluation during training (what the 2021 figure plots)
  std::optional<double> final_loss;        ///< best parameters, evaluated again on fresh sequences
  std::optional<double> final_loss_error;  ///< standard error of final_loss over that evaluation's sequences
  std::optional<double> accuracy;          ///< share of queries whose largest output is the target, same evaluation
  std::optional<double> mean_beta;   ///< mean strength of the writes in that evaluation; empty if the rule has none
  std::optional<double> mean_alpha;  ///< mean decay, likewise
  std::string mean_gates;            ///< of the rule's other gates, `name=value name=value`
  LossParts loss_by_age;             ///< of that evaluation, by the age of the write asked for: newest quarter first
  LossParts loss_by_overwrites;      ///< by how often the key was overwritten: 0, 1, 2, 3 or more times
  std::optional<double> bound;       ///< lower bound of final_loss; see theory/
  // Of a task of tokens, of the same evaluation; losses are cross entropies in nats.
  std::optional<Index> steps_to_target;     ///< steps until the evaluation that was good enough and ended training
  std::optional<double> accuracy_error;     ///< standard error of accuracy
  std::optional<double> sequence_accuracy;  ///< share of sequences with all questions right
  LossParts accuracy_by_distance;  ///< by the quarter of its sequence between a question and its answer, nearest first
  std::vector<SliceScore> slices;  ///< by size; empty if it is the only one
  std::optional<Index> state_floats;  ///< numbers that all layers keep from a sequence to its next token
  std::optional<Index> parameters;    ///< trained numbers

  /// The components that ran, by kind, as they name themselves.
  std::vector<std::pair<std::string, std::string>> parts;
  std::vector<CurvePoint> curve;  ///< every evaluation during training
  double seconds = 0;             ///< processor time of the point; goes to the timings, never to the values
};

/// Training states, so that an interrupted point goes on and needn't start over.
struct Checkpoints {
  std::string resume;  ///< the state to go on from, of this configuration and program; empty: from the start
  std::function<void(const std::string& state)> save;  ///< gets one from time to time, and when cancelled; null: never
  double every = 60;                                   ///< seconds of wall time between two
};

struct RunOptions {
  int threads = 1;                            ///< that work on the point together; its outcome doesn't depend on them
  const std::atomic<bool>* cancel = nullptr;  ///< set to end early; the point then throws Cancelled
  std::filesystem::path save_model;           ///< directory for the parameters as .npy; empty: don't
  std::filesystem::path save_curve;           ///< file for the evaluations during training as CSV; empty: don't
  std::filesystem::path save_episodes;        ///< directory for evaluation episodes and outputs; empty: don't
  Checkpoints checkpoints;
};

class Cancelled : public std::exception {
  const char* what() const noexcept override { return "cancelled"; }
};

/// The least loss that this evaluation can show of any state of such features; 0 of a memory without a rank limit. The
/// published evaluation is of sequences of S writes, whatever L is, and weighs its queries (theory/published_bound.hpp).
/// Without replacement it is the rank bound; with replacement that of theory/delta_bound.hpp and, if that is more, of a
/// rule that knows no order of the writes, that of theory/overwriting.hpp.
double loss_bound(const Configuration& configuration);

/// Processor time, in seconds.
struct PointTime {
  double step;        ///< of a training step
  double evaluation;  ///< of an evaluation
};

/// Measures it: begins to train the point in the calling thread, two steps at least and for about so many seconds, and
/// evaluates it once.
PointTime measure_time(const Configuration& configuration, double seconds);

/// Trains and evaluates one point in the calling thread alone. The outcome depends on the configuration only. Throws
/// Cancelled within a training step of `cancel` being set.
Outcome run_point(const Configuration& configuration, const RunOptions& options);

}  // namespace palimpsest
