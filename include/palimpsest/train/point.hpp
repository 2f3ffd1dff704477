// One point of a sweep, from its configuration to its measured outcome.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "palimpsest/train/configuration.hpp"
#include "palimpsest/train/evaluation.hpp"

namespace palimpsest {

struct FixedGates;
struct TokenShape;

enum class Status { ok, diverged, skipped };

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

/// What was measured. Losses are ½·Σ(v − ŷ)² averaged over queries. A value that the point lacks is empty.
struct Outcome {
  Status status = Status::ok;
  std::string reason;                 ///< why skipped, why training ended
  std::optional<Index> feature_dim;   ///< p; empty for a memory without a feature map
  Index steps = 0;                    ///< training steps taken
  Index best_step = 0;                ///< step of the best evaluation
  std::optional<double> train_loss;   ///< mean over the training steps since the last evaluation but one
  std::optional<double> best_loss;    ///< best evaluation during training
  std::optional<double> last_loss;    ///< last evaluation during training (what the 2021 figure plots)
  std::optional<double> final_loss;   ///< best parameters, evaluated again on fresh sequences
  std::optional<double> accuracy;     ///< share of queries whose largest output is the target, same evaluation
  std::optional<double> mean_beta;    ///< mean strength of the writes in that evaluation; empty if the rule has none
  std::optional<double> mean_alpha;   ///< mean decay, likewise
  LossParts loss_by_age;              ///< of that evaluation, by the age of the write asked for: newest quarter first
  LossParts loss_by_overwrites;       ///< by how often the key was overwritten: 0, 1, 2, 3 or more times
  std::optional<double> bound;        ///< lower bound of final_loss; see theory/
  std::vector<CurvePoint> curve;      ///< every evaluation during training
  double seconds = 0;                 ///< processor time of the point; goes to the timings, never to the values
};

/// Training states, so that an interrupted point goes on and needn't start over.
struct Checkpoints {
  std::string resume;  ///< the state to go on from, of this configuration and program; empty: from the start
  std::function<void(const std::string& state)> save;  ///< gets one from time to time, and when cancelled; null: never
  double every = 60;                                   ///< seconds of wall time between two
};

struct RunOptions {
  const std::atomic<bool>* cancel = nullptr;      ///< set to end early; the point then throws Cancelled
  std::filesystem::path save_model;               ///< directory for the parameters as .npy; empty: don't
  std::filesystem::path save_curve;               ///< file for the evaluations during training as CSV; empty: don't
  std::filesystem::path save_episodes;            ///< directory for evaluation episodes and outputs; empty: don't
  Checkpoints checkpoints;
};

class Cancelled : public std::exception {
  const char* what() const noexcept override { return "cancelled"; }
};

/// Throws ConfigurationError, naming the value and the allowed ones, if the configuration has an unknown component or
/// a value out of range. A known combination without meaning is no error; see reason_to_skip.
void validate(const Configuration& configuration);

/// Why a valid combination of components has no meaning (`skipped` in the results); empty if it has.
std::optional<std::string> reason_to_skip(const Configuration& configuration);

/// Whether this parameter (a Configuration field's name) changes anything for this configuration: a softmax memory has
/// no `kernel`, only random features have a `redraw`.
bool applies(std::string_view parameter, const Configuration& configuration);

/// What the memory of this configuration asks of a model's tokens (model/model.hpp).
TokenShape token_shape(const Configuration& configuration);

/// What its gates are fixed at; 1 where they are learnt (memory/token_tables.hpp). Throws ConfigurationError unless each is
/// `learnt` or a number that the rule allows.
FixedGates fixed_gates(const Configuration& configuration);

/// Expected processor time in arbitrary units; only the order and ratios matter (longest points are started first).
double cost_estimate(const Configuration& configuration);

/// Floats that the memory keeps from the last write to the first query: the state S×p, and p more for an accumulator;
/// p×p more for recursive least squares; L keys and values, L×(d + S), for softmax. Random features and a learnt kernel's
/// parameters are shared by all sequences and not counted.
Index state_floats(const Configuration& configuration);

/// Trains and evaluates one point in the calling thread alone. The outcome depends on the configuration only. Throws
/// Cancelled within a training step of `cancel` being set.
Outcome run_point(const Configuration& configuration, const RunOptions& options);

}  // namespace palimpsest
