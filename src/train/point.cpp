#include "palimpsest/train/point.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <optional>
#include <variant>

#include "palimpsest/core/archive.hpp"
#include "palimpsest/core/clock.hpp"
#include "palimpsest/core/npy.hpp"
#include "palimpsest/core/text.hpp"
#include "palimpsest/theory/delta_bound.hpp"
#include "palimpsest/theory/distinct_keys.hpp"
#include "palimpsest/theory/overwriting.hpp"
#include "palimpsest/theory/published_bound.hpp"
#include "palimpsest/theory/rank_bound.hpp"
#include "palimpsest/train/language_learner.hpp"
#include "palimpsest/train/pair_learner.hpp"
#include "palimpsest/train/parts.hpp"
#include "palimpsest/train/sequence_learner.hpp"
#include "palimpsest/train/trainer.hpp"
#include "train/observers.hpp"

namespace palimpsest {
namespace {

using Real = float;

/// Calls f(model, memory) with those that the configuration names.
template <class F>
void with_model_and_memory(const Configuration& configuration, F&& f) {
  std::visit(
      [&]<class Memory>(Memory&& memory) {
        if constexpr (requires { memory.start(); }) memory.start();
        auto model = make_model(configuration, memory);
        f(std::move(model), std::move(memory));
      },
      make_memory(configuration));
}

template <class Memory>
auto make_trainer(const Configuration& configuration, AnyModel<Real>&& model, Memory&& memory) {
  using Learner = PairLearner<Real, AnyModel<Real>, std::remove_cvref_t<Memory>>;
  return Trainer<Learner>(configuration, Learner(configuration, std::move(model), std::forward<Memory>(memory)));
}

void save_model(const std::filesystem::path& directory, const std::vector<Parameter<Real>*>& parameters) {
  std::filesystem::create_directories(directory);
  for (const auto* parameter : parameters)
    write_npy(directory / (parameter->name + ".npy"),
              parameter->one_column_a_key ? Matrix<Real>(parameter->value.transpose()) : parameter->value);
}

void write_curve(const std::filesystem::path& file, const std::vector<CurvePoint>& curve) {
  std::filesystem::create_directories(file.parent_path());
  std::ofstream out(file, std::ios::trunc);
  out << "step,train_loss,loss\n";
  for (const auto& [step, train_loss, loss] : curve)
    out << fmt::format("{},{},{}\n", step, number_text(train_loss), number_text(loss));
  if (!out.flush()) throw std::runtime_error(fmt::format("cannot write '{}'", file.native()));
}

/// With what other threads did for a learner.
template <class Learner>
double seconds_since(double start, const Learner& learner) {
  double seconds = thread_seconds() - start;
  if constexpr (requires { learner.seconds_of_others(); }) seconds += learner.seconds_of_others();
  return seconds;
}

/// The same from its end on: what they did is before `start` then.
template <class Learner>
struct OthersToo {
  double& start;
  const Learner& learner;
  ~OthersToo() { start -= learner.seconds_of_others(); }
};

template <class Trainer>
std::string state_of(Trainer& trainer, Outcome& outcome) {
  Archive archive;
  trainer.state(archive, outcome);
  return archive.take();
}

/// Nothing, if there is no state.
template <class Trainer>
void resume(const std::string& state, Trainer& trainer, Outcome& outcome) {
  if (state.empty()) return;
  Archive archive(state);
  trainer.state(archive, outcome);
  archive.finish();
}

}  // namespace

double loss_bound(const Configuration& configuration) {
  const auto p = rank(configuration);
  if (!p) return 0;
  const Index S = configuration.S, L = configuration.L;
  const bool published = configuration.evaluation == "published_2021";
  if (!configuration.replacement) return published ? theory::published_rank_bound(S, *p) : theory::rank_bound(L, *p);
  const bool knows_order =
      std::visit([](const auto& memory) { return memory.knows_order(); }, make_memory(configuration));
  if (published)
    return std::max(theory::published_delta_bound(S, S, *p),
                    knows_order ? 0 : theory::overwriting_evaluation_loss(S, S, theory::published_sequence_weight));
  return std::max(theory::delta_bound(S, L, *p, theory::equal_queries),
                  knows_order ? 0 : theory::overwriting_evaluation_loss(S, L));
}

namespace {

/// Measures a trainer's steps and evaluation for about so many seconds.
template <class Trainer>
PointTime measure(Trainer trainer, double seconds) {
  PointTime time{};
  trainer.step();  // what is allocated once
  double start = thread_seconds(), end = start;
  Index steps = 0;
  do {
    trainer.step();
    ++steps;
    end = thread_seconds();
  } while (steps < 2 || end - start < seconds);
  time.step = (end - start) / static_cast<double>(steps);
  start = thread_seconds();
  trainer.evaluate(1);
  time.evaluation = thread_seconds() - start;
  return time;
}

/// Trains to the end, going on from a checkpoint if there is one; whether there is a best evaluation.
template <class Trainer>
bool train(Trainer& trainer, const RunOptions& options, double& start, Outcome& outcome) {
  using Clock = std::chrono::steady_clock;
  outcome.parts = trainer.learner().parts();
  resume(options.checkpoints.resume, trainer, outcome);
  start -= outcome.seconds;
  auto saved = Clock::now();
  trainer.run(outcome, [&] {
    const bool cancelled = options.cancel && options.cancel->load(std::memory_order_relaxed);
    const std::chrono::duration<double> since = Clock::now() - saved;
    if (options.checkpoints.save && (cancelled || since.count() >= options.checkpoints.every)) {
      outcome.seconds = seconds_since(start, trainer.learner());
      options.checkpoints.save(state_of(trainer, outcome));
      saved = Clock::now();
    }
    if (cancelled) throw Cancelled();
  });
  if (!options.save_curve.empty()) write_curve(options.save_curve, outcome.curve);
  return outcome.best_loss.has_value();
}

/// Takes the final evaluation, and what it means for the status.
template <class Evaluation>
void take_final(const Evaluation& final, Outcome& outcome) {
  if (outcome.status == Status::ok && !(final.loss <= kExplodedLoss)) {
    outcome.status = Status::diverged;
    outcome.reason = fmt::format("final loss is not below {:.0e}", kExplodedLoss);
  }
  outcome.final_loss = final.loss;
  outcome.final_loss_error = final.loss_error;
  outcome.accuracy = final.accuracy;
}

void run_pairs(const Configuration& configuration, const RunOptions& options, double& start, Outcome& outcome) {
  outcome.bound = loss_bound(configuration);
  with_model_and_memory(configuration, [&]<class Memory>(AnyModel<Real>&& model, Memory&& memory) {
    using Kept = typename Memory::Kept;
    auto trainer = make_trainer(configuration, std::move(model), std::move(memory));
    if (!train(trainer, options, start, outcome)) return;
    auto& trained = trainer.learner().memory();
    SequenceObserver<Real, Kept> save = [](const Episode&, const Matrix<Real>&, const Kept&) {};
    if (!options.save_episodes.empty()) save = episode_writer<Real>(options.save_episodes, trained);
    GateMeans gates;
    Vanishing vanishing;
    const auto observe = [&](const Episode& episode, const Matrix<Real>& Y, const Kept& kept) {
      save(episode, Y, kept);
      if constexpr (requires { kept.writes; }) gates.add(kept.writes);
      vanishing.add(kept, Y);
    };
    const Evaluation final = trainer.evaluate_best(outcome, observe);
    take_final(final, outcome);
    if (outcome.status == Status::ok) outcome.reason += vanishing.text();
    outcome.loss_by_age = final.by_age;
    outcome.loss_by_overwrites = final.by_overwrites;
    if constexpr (requires { trained.gates(); }) {
      outcome.mean_beta = gates.of(trained.gates(), kBeta.name);
      outcome.mean_alpha = gates.of(trained.gates(), kAlpha.name);
      outcome.mean_gates = gates.others(trained.gates());
    }
    if (!options.save_model.empty()) save_model(options.save_model, trainer.learner().parameters());
  });
}

void run_tokens(const Configuration& configuration, const RunOptions& options, double& start, Outcome& outcome) {
  Trainer trainer(configuration, SequenceLearner<Real>(configuration, options.threads));
  auto& learner = trainer.learner();
  const OthersToo<SequenceLearner<Real>> counted{start, learner};
  outcome.state_floats = learner.state_floats();
  outcome.parameters = learner.model().parameter_count();
  if (!train(trainer, options, start, outcome)) return;
  TokenObserver save;
  if (!options.save_episodes.empty()) save = sequence_writer(options.save_episodes);
  std::optional<QuestionBaselines> baselines;
  const auto task = make_token_tasks(configuration, true)[0].task;
  if (const auto* questions = std::get_if<QuestionAnswering>(&task)) baselines.emplace(*questions);
  const auto observe = [&](const TokenSequence& sequence, std::span<const Answered> answered) {
    if (save) save(sequence, answered);
    if (baselines) baselines->add(sequence);
  };
  const auto final = trainer.evaluate_best(outcome, observe);
  take_final(final, outcome);
  if (baselines) baselines->take(outcome);
  outcome.accuracy_error = final.accuracy_error;
  outcome.sequence_accuracy = final.sequence_accuracy;
  outcome.accuracy_by_distance = final.accuracy_by_distance;
  if (final.by_size.size() > 1 || configuration.train_pairs != configuration.test_pairs)
    for (const auto& [size, score] : final.by_size)
      outcome.slices.push_back(
          {size, score.accuracy, score.sequence_accuracy, score.cross_entropy, score.accuracy_error});
  if (!options.save_model.empty()) save_model(options.save_model, learner.parameters());
}

void run_text(const Configuration& configuration, const RunOptions& options, double& start, Outcome& outcome) {
  Trainer trainer(configuration, LanguageLearner<Real>(configuration, options.threads));
  auto& learner = trainer.learner();
  const OthersToo<LanguageLearner<Real>> counted{start, learner};
  outcome.state_floats = learner.model().state_floats(configuration.segment);
  outcome.parameters = learner.model().parameter_count();
  const auto& data = learner.data();
  auto& text = outcome.text.emplace();
  text.corpus_hash = data.hash;
  text.train_bytes = std::ssize(data.training.text);
  text.validation_bytes = std::ssize(data.validation.text);
  text.test_bytes = std::ssize(data.test.text);
  if (!train(trainer, options, start, outcome)) return;
  text.validation_bits_per_byte = bits_per_byte(*outcome.best_loss, learner.predicted(Purpose::evaluation));
  TokenObserver save;
  if (!options.save_episodes.empty()) save = sequence_writer(options.save_episodes);
  const auto final = trainer.evaluate_best(outcome, save);
  take_final(final, outcome);
  text.test_bits_per_byte = final.bits_per_byte();
  text.test_perplexity_per_word = final.perplexity_per_word();
  text.loss_by_position = final.loss_by_position;
  if (!options.save_model.empty()) save_model(options.save_model, learner.parameters());
}

}  // namespace

PointTime measure_time(const Configuration& configuration, double seconds) {
  if (family_of(configuration) == Family::text) {
    // A whole split takes longer than anybody waits for; its segments are alike.
    Configuration brief = configuration;
    const auto segments = [&] {
      const Text task(text_options(brief));
      return static_cast<double>(task.segments(task.data()->validation));
    };
    const double all = segments();
    brief.evaluation_segments = 8;
    auto time = measure(Trainer(brief, LanguageLearner<Real>(brief, 1)), seconds);
    time.evaluation *= all / segments();
    return time;
  }
  if (of_tokens(configuration))
    return measure(Trainer(configuration, SequenceLearner<Real>(configuration, 1)), seconds);
  PointTime time{};
  with_model_and_memory(configuration, [&]<class Memory>(AnyModel<Real>&& model, Memory&& memory) {
    time = measure(make_trainer(configuration, std::move(model), std::move(memory)), seconds);
  });
  return time;
}

void require_data(const Configuration& configuration) {
  if (family_of(configuration) == Family::text) Text(text_options(configuration)).data();
}

Outcome run_point(const Configuration& configuration, const RunOptions& options) {
  double start = thread_seconds();
  Outcome outcome;
  outcome.feature_dim = feature_dim(configuration);
  const auto family = family_of(configuration);
  const auto run = family == Family::text ? run_text : of_tokens(configuration) ? run_tokens : run_pairs;
  run(configuration, options, start, outcome);
  outcome.seconds = thread_seconds() - start;
  return outcome;
}

}  // namespace palimpsest
