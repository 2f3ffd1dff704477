#include "palimpsest/train/point.hpp"

#include <fmt/format.h>
#include <time.h>

#include <charconv>
#include <span>

#include "palimpsest/core/npy.hpp"
#include "palimpsest/memory/all.hpp"
#include "palimpsest/model/all.hpp"
#include "palimpsest/task/all.hpp"
#include "palimpsest/theory/delta_bound.hpp"
#include "palimpsest/theory/distinct_keys.hpp"
#include "palimpsest/theory/rank_bound.hpp"
#include "palimpsest/train/trainer.hpp"

namespace palimpsest {
namespace {

using Real = float;
using KernelVariant = Kernels<Real>::Variant;
using RuleVariant = Rules<Real>::Variant;
using NormalizationVariant = Normalizations<Real>::Variant;

constexpr std::string_view kEvaluations = "exact, published_2021";
constexpr std::string_view kScales = "none, d^-1/4";
constexpr std::string_view kRedraws = "fixed, every_step, every:n";

[[noreturn]] void unknown(std::string_view kind, std::string_view value, std::string_view allowed) {
  throw ConfigurationError(fmt::format("unknown {} '{}'; known: {}", kind, value, allowed));
}

template <class List>
bool is_listed(std::string_view name) {
  bool found = false;
  List::for_each([&]<class C>() { found |= C::name == name; });
  return found;
}

template <class List>
void require_listed(std::string_view kind, std::string_view name) {
  if (!is_listed<List>(name)) unknown(kind, name, known<List>());
}

bool is_softmax(const Configuration& configuration) { return configuration.memory == SoftmaxMemory<Real>::name; }

KernelVariant make_kernel(const Configuration& configuration) {
  return make_component<Kernels<Real>>("kernel", configuration.kernel);
}

bool is_random(const KernelVariant& kernel) {
  return std::visit([]<class K>(const K&) { return RandomKernel<K, Real>; }, kernel);
}

bool is_nonnegative(const KernelVariant& kernel) {
  return std::visit([]<class K>(const K&) { return K::nonnegative; }, kernel);
}

FastWeight<Real> make_fast_weight(const Configuration& configuration) {
  KernelVariant kernel = make_kernel(configuration);
  std::visit(
      [&]<class K>(K& k) {
        if constexpr (RandomKernel<K, Real>) k.scaled = configuration.scale != "none";
      },
      kernel);
  return {std::move(kernel), make_component<Rules<Real>>("rule", configuration.rule),
          make_component<Normalizations<Real>>("normalization", configuration.normalization), configuration.key_dim};
}

/// Calls f(model, memory) with the two types that the configuration names.
template <class F>
void with_model_and_memory(const Configuration& configuration, F&& f) {
  const auto init = is_softmax(configuration) ? ProjectionInit::softmax : ProjectionInit::linear;
  Models<Real>::for_each([&]<class Model>() {
    if (Model::name != configuration.model) return;
    Model model(configuration.S, configuration.key_dim, init, configuration.seed);
    if (is_softmax(configuration)) {
      f(std::move(model), SoftmaxMemory<Real>());
    } else {
      f(std::move(model), make_fast_weight(configuration));
    }
  });
}

template <class Model>
void save_model(const std::filesystem::path& directory, Model& model) {
  std::filesystem::create_directories(directory);
  for (const auto* parameter : model.parameters())
    write_npy(directory / (parameter->name + ".npy"),
              parameter->one_column_a_key ? Matrix<Real>(parameter->value.transpose()) : parameter->value);
}

/// Writes each episode it sees, numbered, with the outputs (S×N) and the random features it was answered with.
template <class Memory>
SequenceObserver<Real> episode_writer(const std::filesystem::path& directory, const Memory& memory) {
  std::filesystem::create_directories(directory);
  return [directory, &memory, number = 0](const Episode& episode, const Matrix<Real>& Y) mutable {
    const auto file = [&](std::string_view what) { return directory / fmt::format("{:03}_{}.npy", number, what); };
    std::vector<int> asked, targets;
    for (const Query& query : episode.queries) {
      asked.push_back(query.key);
      targets.push_back(query.target);
    }
    write_npy(file("keys"), episode.keys);
    write_npy(file("values"), episode.values);
    write_npy(file("queries"), asked);
    write_npy(file("targets"), targets);
    write_npy(file("outputs"), Y);
    if constexpr (requires { memory.random_features(); })
      if (const auto* omega = memory.random_features()) write_npy(file("omega"), *omega);
    ++number;
  };
}

/// The least evaluation loss of any state with p features; a memory without a rank limit has nothing but 0. Without
/// replacement it is ½ max(0, 1 − p/L) whatever the evaluation, as the field draws it.
double loss_bound(const Configuration& configuration, std::optional<Index> p) {
  if (!p) return 0;
  if (!configuration.replacement) return theory::rank_bound(configuration.L, *p);
  if (configuration.evaluation == "published_2021")
    return theory::published_delta_bound(configuration.S, configuration.S, *p);
  return theory::delta_bound(configuration.S, configuration.L, *p, theory::equal_queries);
}

double thread_seconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

void require_positive(std::string_view name, Index value) {
  if (value < 1) throw ConfigurationError(fmt::format("{} = {}: must be at least 1", name, value));
}

}  // namespace

Index redraw_interval(const std::string& redraw) {
  if (redraw == "fixed") return 0;
  if (redraw == "every_step") return 1;
  Index n = 0;
  const std::string_view text = redraw;
  if (text.starts_with("every:")) {
    const auto [end, error] = std::from_chars(text.data() + 6, text.data() + text.size(), n);
    if (error == std::errc{} && end == text.data() + text.size() && n >= 1) return n;
  }
  unknown("redraw", redraw, kRedraws);
}

void validate(const Configuration& configuration) {
  require_listed<Tasks>("task", configuration.task);
  AssociativeRetrieval(configuration.S, configuration.L, configuration.replacement);
  require_listed<Memories<Real>>("memory", configuration.memory);
  make_component<Kernels<Real>>("kernel", configuration.kernel);
  make_component<Rules<Real>>("rule", configuration.rule);
  make_component<Normalizations<Real>>("normalization", configuration.normalization);
  require_listed<Models<Real>>("model", configuration.model);
  redraw_interval(configuration.redraw);
  if (configuration.scale != "none" && configuration.scale != "d^-1/4") unknown("scale", configuration.scale, kScales);
  if (configuration.evaluation != "exact" && configuration.evaluation != "published_2021")
    unknown("evaluation", configuration.evaluation, kEvaluations);
  require_positive("key_dim", configuration.key_dim);
  require_positive("batch", configuration.batch);
  require_positive("max_steps", configuration.max_steps);
  require_positive("evaluation_every", configuration.evaluation_every);
  require_positive("evaluation_sequences", configuration.evaluation_sequences);
  require_positive("patience", configuration.patience);
  if (!(configuration.learning_rate > 0))
    throw ConfigurationError(fmt::format("learning_rate = {}: must be above 0", configuration.learning_rate));
  if (!(configuration.tolerance >= 0))
    throw ConfigurationError(fmt::format("tolerance = {}: must be at least 0", configuration.tolerance));
}

std::optional<std::string> reason_to_skip(const Configuration& configuration) {
  if (is_softmax(configuration)) return std::nullopt;
  const auto normalization = make_component<Normalizations<Real>>("normalization", configuration.normalization);
  const bool divides = std::visit([]<class N>(const N&) { return N::needs_nonnegative; }, normalization);
  if (divides && !is_nonnegative(make_kernel(configuration)))
    return fmt::format("normalization '{}' divides by a sum of features, which kernel '{}' may make zero or negative",
                       configuration.normalization, configuration.kernel);
  return std::nullopt;
}

bool applies(std::string_view parameter, const Configuration& configuration) {
  if (parameter == "kernel" || parameter == "rule" || parameter == "normalization") return !is_softmax(configuration);
  if (parameter == "redraw" || parameter == "scale")
    return !is_softmax(configuration) && is_random(make_kernel(configuration));
  return true;
}

double cost_estimate(const Configuration& configuration) {
  const auto S = static_cast<double>(configuration.S), L = static_cast<double>(configuration.L);
  const auto d = static_cast<double>(configuration.key_dim), batch = static_cast<double>(configuration.batch);
  const double p = is_softmax(configuration) ? 1.0
                                             : std::visit([&](const auto& kernel) {
                                                 return static_cast<double>(kernel.feature_dim(configuration.key_dim));
                                               }, make_kernel(configuration));
  const double model = configuration.model == PublishedModel<Real>::name ? 3 * 2.2 * d * S * S : d * S;
  const double memory = batch * L * (d + 4 * p);
  const double evaluation = static_cast<double>(configuration.evaluation_sequences) * L * S * p /
                            static_cast<double>(configuration.evaluation_every);
  return model + memory + evaluation;
}

Outcome run_point(const Configuration& configuration, const RunOptions& options) {
  const double start = thread_seconds();
  Outcome outcome;
  if (!is_softmax(configuration)) outcome.feature_dim = make_fast_weight(configuration).feature_dim();
  outcome.bound = loss_bound(configuration, outcome.feature_dim);
  with_model_and_memory(configuration, [&]<class Model, class Memory>(Model&& model, Memory&& memory) {
    Trainer<Real, Model, Memory> trainer(configuration, std::move(model), std::move(memory));
    trainer.run(options.cancel, outcome);
    if (!outcome.best_loss) return;
    SequenceObserver<Real> observer;
    if (!options.save_episodes.empty()) observer = episode_writer(options.save_episodes, trainer.memory());
    const Evaluation final = trainer.evaluate_best(outcome, observer);
    outcome.final_loss = final.loss;
    outcome.accuracy = final.accuracy;
    if (!options.save_model.empty()) save_model(options.save_model, trainer.model());
  });
  outcome.seconds = thread_seconds() - start;
  return outcome;
}

}  // namespace palimpsest
