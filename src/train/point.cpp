#include "palimpsest/train/point.hpp"

#include <fmt/format.h>
#include <time.h>

#include <charconv>
#include <chrono>
#include <fstream>
#include <span>

#include "palimpsest/core/archive.hpp"
#include "palimpsest/core/npy.hpp"
#include "palimpsest/memory/all.hpp"
#include "palimpsest/model/all.hpp"
#include "palimpsest/task/all.hpp"
#include "palimpsest/theory/delta_bound.hpp"
#include "palimpsest/theory/distinct_keys.hpp"
#include "palimpsest/theory/overwriting.hpp"
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

RuleVariant make_rule(const Configuration& configuration) {
  return make_component<Rules<Real>>("rule", configuration.rule);
}

bool uses_strength(const Configuration& configuration) {
  return std::visit([]<class R>(const R&) { return R::uses_strength; }, make_rule(configuration));
}

bool uses_decay(const Configuration& configuration) {
  return std::visit([]<class R>(const R&) { return R::uses_decay; }, make_rule(configuration));
}

/// What the gate is fixed at; nothing if it is learnt. Throws unless that is a number in [0, largest].
std::optional<double> fixed_gate(std::string_view name, const std::string& text, double largest) {
  if (text == kLearnt) return std::nullopt;
  double value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !(value >= 0 && value <= largest))
    throw ConfigurationError(fmt::format("{} = {}: allowed is '{}' or a number from 0 to {}", name, text, kLearnt, largest));
  return value;
}

bool is_random(const KernelVariant& kernel) {
  return std::visit([]<class K>(const K&) { return RandomKernel<K, Real>; }, kernel);
}

bool is_nonnegative(const KernelVariant& kernel) {
  return std::visit([]<class K>(const K&) { return K::nonnegative; }, kernel);
}

bool has_positive_products(const KernelVariant& kernel) {
  return std::visit([]<class K>(const K&) { return requires { requires K::positive_products; }; }, kernel);
}

FastWeight<Real> make_fast_weight(const Configuration& configuration) {
  KernelVariant kernel = make_kernel(configuration);
  std::visit(
      [&]<class K>(K& k) {
        if constexpr (RandomKernel<K, Real>) k.scaled = configuration.scale != "none";
        if constexpr (LearntKernel<K, Real>) k.start(configuration.key_dim);
      },
      kernel);
  return {std::move(kernel), make_rule(configuration),
          make_component<Normalizations<Real>>("normalization", configuration.normalization), configuration.key_dim,
          fixed_gates(configuration)};
}

/// Calls f(model, memory) with the two types that the configuration names.
template <class F>
void with_model_and_memory(const Configuration& configuration, F&& f) {
  const auto init = is_softmax(configuration) ? ProjectionInit::softmax : ProjectionInit::linear;
  Models<Real>::for_each([&]<class Model>() {
    if (Model::name != configuration.model) return;
    Model model(token_shape(configuration), init, configuration.seed);
    if (is_softmax(configuration)) {
      f(std::move(model), SoftmaxMemory<Real>());
    } else {
      f(std::move(model), make_fast_weight(configuration));
    }
  });
}

void save_model(const std::filesystem::path& directory, const std::vector<Parameter<Real>*>& parameters) {
  std::filesystem::create_directories(directory);
  for (const auto* parameter : parameters)
    write_npy(directory / (parameter->name + ".npy"),
              parameter->one_column_a_key ? Matrix<Real>(parameter->value.transpose()) : parameter->value);
}

/// Writes each episode it sees, numbered, with the outputs (S×N), the coefficients (L×N, of a rule that has them) and the
/// random features it was answered with.
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
    if (memory.coefficients().rows() > 0) write_npy(file("coefficients"), memory.coefficients());
    if constexpr (requires { memory.random_features(); })
      if (const auto* omega = memory.random_features()) write_npy(file("omega"), *omega);
    ++number;
  };
}

/// The least evaluation loss of any state with p features; a memory without a rank limit has nothing but 0. Without
/// replacement it is ½ max(0, 1 − p/L) whatever the evaluation, as the field draws it; with replacement T6, and for a rule
/// that knows no order of the writes T5, if that is more.
double loss_bound(const Configuration& configuration, std::optional<Index> p) {
  if (!p) return 0;
  const Index S = configuration.S, L = configuration.L;
  if (!configuration.replacement) return theory::rank_bound(L, *p);
  const bool knows_order = std::visit([]<class R>(const R&) { return R::knows_order; }, make_rule(configuration));
  if (configuration.evaluation == "published_2021")
    return std::max(theory::published_delta_bound(S, S, *p),
                    knows_order ? 0 : theory::overwriting_evaluation_loss(S, S, theory::published_sequence_weight));
  return std::max(theory::delta_bound(S, L, *p, theory::equal_queries),
                  knows_order ? 0 : theory::overwriting_evaluation_loss(S, L));
}

/// Mean gates over all writes of an evaluation.
struct GateMeans {
  struct Mean {
    double sum = 0, count = 0;
    void add(const Vector<Real>& values) {
      sum += values.cast<double>().sum();
      count += static_cast<double>(values.size());
    }
    double value() const { return sum / count; }
  };
  Mean beta, alpha;

  void add(const Writes<Real>& writes) {
    beta.add(writes.beta);
    alpha.add(writes.alpha);
  }
};

void write_curve(const std::filesystem::path& file, const std::vector<CurvePoint>& curve) {
  std::filesystem::create_directories(file.parent_path());
  std::ofstream out(file, std::ios::trunc);
  out << "step,train_loss,loss\n";
  for (const auto& [step, train_loss, loss] : curve) out << fmt::format("{},{},{}\n", step, train_loss, loss);
  if (!out.flush()) throw std::runtime_error(fmt::format("cannot write '{}'", file.native()));
}

double thread_seconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

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

void require_positive(std::string_view name, Index value) {
  if (value < 1) throw ConfigurationError(fmt::format("{} = {}: must be at least 1", name, value));
}

bool accumulates(const Configuration& configuration) {
  return std::visit([]<class N>(const N&) { return N::accumulates; },
                    make_component<Normalizations<Real>>("normalization", configuration.normalization));
}

}  // namespace

FixedGates fixed_gates(const Configuration& configuration) {
  const double largest = std::visit([]<class R>(const R&) { return R::largest_strength; }, make_rule(configuration));
  return {fixed_gate("beta", configuration.beta, largest).value_or(1),
          fixed_gate("alpha", configuration.alpha, 1).value_or(1)};
}

TokenShape token_shape(const Configuration& configuration) {
  TokenShape shape{configuration.S, configuration.key_dim};
  if (is_softmax(configuration)) return shape;
  shape.steps_a_write = std::visit([](const auto& rule) { return rule.steps_a_write(); }, make_rule(configuration));
  shape.strength = uses_strength(configuration) && configuration.beta == kLearnt;
  shape.decay = uses_decay(configuration) && configuration.alpha == kLearnt;
  return shape;
}

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
  fixed_gates(configuration);
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
  const bool by_products = std::visit([]<class N>(const N&) { return N::accumulates && !N::maps_tokens; }, normalization);
  const auto kernel = make_kernel(configuration);
  if (divides && !is_nonnegative(kernel) && !(by_products && has_positive_products(kernel)))
    return fmt::format("normalization '{}' divides by a sum of features, which kernel '{}' may make zero or negative",
                       configuration.normalization, configuration.kernel);
  if (configuration.normalization == CenteredL2Normalization<Real>::name &&
      make_fast_weight(configuration).feature_dim() < 2)
    return fmt::format("normalization '{}' leaves nothing of one feature", configuration.normalization);
  if (accumulates(configuration) && configuration.rule == RecursiveLeastSquares<Real>::name)
    return fmt::format("rule '{}' is solved for its read-out, which normalization '{}' would divide",
                       configuration.rule, configuration.normalization);
  if (accumulates(configuration) && configuration.rule == Fwm2021Rule<Real>::name)
    return fmt::format("the read-out of rule '{}' is layer-normalised, which undoes the divisor of normalization '{}'",
                       configuration.rule, configuration.normalization);
  return std::nullopt;
}

bool applies(std::string_view parameter, const Configuration& configuration) {
  if (parameter == "kernel" || parameter == "rule" || parameter == "normalization") return !is_softmax(configuration);
  if (parameter == "beta") return !is_softmax(configuration) && uses_strength(configuration);
  if (parameter == "alpha") return !is_softmax(configuration) && uses_decay(configuration);
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

Index state_floats(const Configuration& configuration) {
  if (is_softmax(configuration)) return configuration.L * (configuration.key_dim + configuration.S);
  const Index p = make_fast_weight(configuration).feature_dim();
  const Index more = std::visit(
      [&]<class R>(const R&) {
        if constexpr (requires { R::more_state(p); }) return R::more_state(p);
        return Index{0};
      },
      make_component<Rules<Real>>("rule", configuration.rule));
  return p * (configuration.S + (accumulates(configuration) ? 1 : 0)) + more;
}

Outcome run_point(const Configuration& configuration, const RunOptions& options) {
  using Clock = std::chrono::steady_clock;
  double start = thread_seconds();
  Outcome outcome;
  if (!is_softmax(configuration)) outcome.feature_dim = make_fast_weight(configuration).feature_dim();
  outcome.bound = loss_bound(configuration, outcome.feature_dim);
  with_model_and_memory(configuration, [&]<class Model, class Memory>(Model&& model, Memory&& memory) {
    Trainer<Real, Model, Memory> trainer(configuration, std::move(model), std::move(memory));
    resume(options.checkpoints.resume, trainer, outcome);
    start -= outcome.seconds;
    auto saved = Clock::now();
    trainer.run(outcome, [&] {
      const bool cancelled = options.cancel && options.cancel->load(std::memory_order_relaxed);
      const std::chrono::duration<double> since = Clock::now() - saved;
      if (options.checkpoints.save && (cancelled || since.count() >= options.checkpoints.every)) {
        outcome.seconds = thread_seconds() - start;
        options.checkpoints.save(state_of(trainer, outcome));
        saved = Clock::now();
      }
      if (cancelled) throw Cancelled();
    });
    if (!options.save_curve.empty()) write_curve(options.save_curve, outcome.curve);
    if (!outcome.best_loss) return;
    SequenceObserver<Real> save = [](const Episode&, const Matrix<Real>&) {};
    if (!options.save_episodes.empty()) save = episode_writer(options.save_episodes, trainer.memory());
    GateMeans gates;
    const Evaluation final = trainer.evaluate_best(outcome, [&](const Episode& episode, const Matrix<Real>& Y) {
      save(episode, Y);
      if constexpr (requires { trainer.memory().writes(); }) gates.add(trainer.memory().writes());
    });
    outcome.final_loss = final.loss;
    outcome.accuracy = final.accuracy;
    outcome.loss_by_age = final.by_age;
    outcome.loss_by_overwrites = final.by_overwrites;
    if (applies("beta", configuration)) outcome.mean_beta = gates.beta.value();
    if (applies("alpha", configuration)) outcome.mean_alpha = gates.alpha.value();
    if (!options.save_model.empty()) save_model(options.save_model, trainer.parameters());
  });
  outcome.seconds = thread_seconds() - start;
  return outcome;
}

}  // namespace palimpsest
