#include "palimpsest/train/configuration.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>
#include <variant>
#include <vector>

#include "palimpsest/core/text.hpp"
#include "palimpsest/train/parts.hpp"
#include "palimpsest/train/schedule.hpp"

namespace palimpsest {
namespace {

constexpr std::string_view kEvaluations = "exact, published_2021";
constexpr std::string_view kScales = "none, d^-1/4";
constexpr std::string_view kRedraws = "fixed, every_step, every:n";

struct Protocol {
  std::string_view name, schedule;
  double learning_rate;
  Index max_steps, patience;
  Index warmup;
  double improvement, cooldown;
  Index batch, evaluation_sequences;
};

constexpr std::array protocols = {Protocol{"fast", "cooldown", 5e-3, 6000, 3, 300, 0.005, 0.5, 32, 20},
                                  Protocol{"patient", "cooldown", 5e-3, 10'000, 6, 300, 0.005, 0.5, 32, 20},
                                  Protocol{"published_2021", "constant", 1e-3, 100'000, 11, 0, 0, 0.5, 32, 20},
                                  Protocol{"sequence", "cosine", 3e-3, 3000, 3, 0, 0.005, 0.5, 64, 256}};

[[noreturn]] void unknown(std::string_view kind, std::string_view value, std::string_view allowed) {
  throw ConfigurationError(fmt::format("unknown {} '{}'; known: {}", kind, value, allowed));
}

template <class List>
void require_listed(std::string_view kind, std::string_view name) {
  bool found = false;
  List::for_each([&]<class C>() { found |= C::name == name; });
  if (!found) unknown(kind, name, known<List>());
}

void require_positive(std::string_view name, Index value) {
  if (value < 1) throw ConfigurationError(fmt::format("{} = {}: must be at least 1", name, value));
}

/// f of the memory.
template <class F>
auto of_memory(const Configuration& configuration, F&& f) {
  return std::visit(f, make_memory(configuration));
}

}  // namespace

void follow_protocol(std::string_view name, Configuration& configuration) {
  const auto protocol = std::ranges::find(protocols, name, &Protocol::name);
  if (protocol == protocols.end()) {
    std::vector<std::string_view> names;
    for (const auto& known : protocols) names.push_back(known.name);
    unknown("protocol", name, fmt::format("{}", fmt::join(names, ", ")));
  }
  configuration.schedule = protocol->schedule;
  configuration.learning_rate = protocol->learning_rate;
  configuration.max_steps = protocol->max_steps;
  configuration.patience = protocol->patience;
  configuration.warmup = protocol->warmup;
  configuration.improvement = protocol->improvement;
  configuration.cooldown = protocol->cooldown;
  configuration.batch = protocol->batch;
  configuration.evaluation_sequences = protocol->evaluation_sequences;
}

Family family_of(const Configuration& configuration) {
  auto family = Family::pairs;
  TokenTasks::for_each([&]<class Task>() {
    if (Task::name == configuration.task) family = Task::family;
  });
  return family;
}

bool of_tokens(const Configuration& configuration) { return traits(family_of(configuration)).tokens; }

std::optional<Index> feature_dim(const Configuration& configuration) {
  if (of_tokens(configuration)) {
    const Index p = make_token_memory(configuration).feature_dim();
    return p > 0 ? std::optional(p) : std::nullopt;
  }
  return of_memory(configuration, [](const auto& memory) -> std::optional<Index> { return memory.feature_dim(); });
}

std::optional<Index> rank(const Configuration& configuration) {
  return of_memory(configuration, [](const auto& memory) -> std::optional<Index> { return memory.rank(); });
}

Index redraw_interval(const std::string& redraw) {
  if (redraw == "fixed") return 0;
  if (redraw == "every_step") return 1;
  constexpr std::string_view every = "every:";
  if (redraw.starts_with(every))
    if (const auto n = parse<Index>(std::string_view(redraw).substr(every.size())); n && *n >= 1) return *n;
  unknown("redraw", redraw, kRedraws);
}

namespace {

/// The task of pairs, its memory and model.
void validate_pairs(const Configuration& configuration) {
  make_task(configuration, configuration.L);
  const auto made = make_memory(configuration);
  // Whichever memory it is, the others' options name components that are known.
  Memories<float>::for_each([&]<class Memory>() {
    if (TakesArgument<Memory> || std::holds_alternative<Memory>(made)) return;
    Configuration other = configuration;
    other.memory = Memory::name;
    make_memory(other);
  });
  require_listed<Models<float>>("model", configuration.model);
  if (configuration.evaluation != "exact" && configuration.evaluation != "published_2021")
    unknown("evaluation", configuration.evaluation, kEvaluations);
}

/// Every task of tokens that is trained or tested, its memory and model.
void validate_tokens(const Configuration& configuration) {
  make_token_tasks(configuration, false);
  make_token_tasks(configuration, true);
  if (configuration.model != kSequenceModel)
    unknown("model", configuration.model, fmt::format("{} (of task {})", kSequenceModel, configuration.task));
  SequenceModel<float>::checked(sequence_options(configuration));
  if (family_of(configuration) == Family::text && configuration.carry_state) {
    if (const auto why = make_token_memory(configuration).carry_refusal())
      throw ConfigurationError("carry_state = true: " + *why);
    if (configuration.redraw != "fixed" && applies("redraw", configuration))
      throw ConfigurationError(fmt::format(
          "carry_state = true with redraw = '{}': a state is of the features it was written with; allowed is fixed",
          configuration.redraw));
  }
}

}  // namespace

void validate(const Configuration& configuration) {
  of_tokens(configuration) ? validate_tokens(configuration) : validate_pairs(configuration);
  redraw_interval(configuration.redraw);
  if (configuration.scale != "none" && configuration.scale != "d^-1/4") unknown("scale", configuration.scale, kScales);
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
  if (std::ranges::find(Schedule::names, configuration.schedule) == Schedule::names.end())
    unknown("schedule", configuration.schedule, fmt::format("{}", fmt::join(Schedule::names, ", ")));
  if (configuration.warmup < 0)
    throw ConfigurationError(fmt::format("warmup = {}: must be at least 0", configuration.warmup));
  if (!(configuration.improvement >= 0 && configuration.improvement < 1))
    throw ConfigurationError(fmt::format("improvement = {}: must be from 0 to below 1", configuration.improvement));
  if (!(configuration.target_accuracy > 0))
    throw ConfigurationError(fmt::format("target_accuracy = {}: must be above 0", configuration.target_accuracy));
  if (!(configuration.cooldown >= 0))
    throw ConfigurationError(fmt::format("cooldown = {}: must be at least 0", configuration.cooldown));
}

std::optional<std::string> reason_to_skip(const Configuration& configuration) {
  if (of_tokens(configuration)) return make_token_memory(configuration).refusal();
  return of_memory(configuration, [](const auto& memory) { return memory.refusal(); });
}

namespace {

bool contains(const auto& names, std::string_view name) { return std::ranges::find(names, name) != std::end(names); }

/// Names of the options that tasks of a family have, in the order of their columns. Of what training and evaluations may differ in,
/// the names for both stand behind it.
std::vector<std::string_view> options_of_tasks(Family family) {
  std::vector<std::string_view> names;
  const auto list = [&](std::string_view name, const auto&) {
    names.push_back(name);
    if (name == "pairs") names.insert(names.end(), {"train_pairs", "test_pairs"});
    if (name == "length") names.push_back("test_length");
  };
  TokenTasks::for_each([&]<class Task>() {
    if (Task::family == family && names.empty()) typename Task::Options().fields(list);
  });
  return names;
}

bool task_reads(std::string_view task, std::string_view option) {
  bool reads = false;
  TokenTasks::for_each([&]<class Task>() { reads |= Task::name == task && Task::reads(option); });
  return reads;
}

}  // namespace

const std::vector<std::string_view>& task_options(Family family) {
  static const auto all = [] {  // every parameter of every point of a sweep asks for it
    std::map<Family, std::vector<std::string_view>> made;
    for (const auto& known : kFamilies) made.emplace(known.family, options_of_tasks(known.family));
    return made;
  }();
  return all.at(family);
}

const std::vector<std::string_view>& model_options() {
  static const auto all = [] {
    std::vector<std::string_view> names;
    SequenceOptions().fields([&](std::string_view name, const auto&) { names.push_back(name); });
    return names;
  }();
  return all;
}

bool belongs(std::string_view parameter, Family family) {
  constexpr std::array of_pairs = {"S", "L", "replacement", "evaluation", "tolerance"};
  constexpr std::array of_training_layers = {"weight_decay", "target_accuracy", "largest_gradient", "examples"};
  constexpr std::array not_of_text = {"evaluation_sequences", "target_accuracy", "examples"};
  const bool tokens = traits(family).tokens;
  if (family == Family::text && contains(not_of_text, parameter)) return false;
  if (parameter == "smaller_outputs") return family == Family::text;
  if (contains(of_pairs, parameter)) return !tokens;
  if (contains(model_options(), parameter) || contains(of_training_layers, parameter)) return tokens;
  bool is_option = false;
  for (const auto& other : kFamilies) is_option |= contains(task_options(other.family), parameter);
  return !is_option || contains(task_options(family), parameter);
}

std::vector<bool> applies(std::span<const std::string_view> parameters, const Configuration& configuration) {
  std::optional<Memories<float>::Variant> memory;  // made for the first that it is asked of
  const auto reads = [&](std::string_view option) {
    if (!memory) memory.emplace(make_memory(configuration));
    return std::visit([&](const auto& m) { return m.reads(option); }, *memory);
  };
  constexpr std::array of_memory = {"kernel", "rule", "normalization", "beta", "alpha", "largest_beta", "ridge"};
  const auto family = family_of(configuration);
  const auto& options = task_options(family);
  std::vector<bool> all;
  for (const auto parameter : parameters) {
    if (!belongs(parameter, family))
      all.push_back(false);
    else if (parameter == "train_pairs" || parameter == "test_pairs")
      all.push_back(true);
    else if (contains(options, parameter))
      all.push_back(task_reads(configuration.task, parameter == "test_length" ? "length" : parameter));
    else if (parameter == "tied")
      all.push_back(!sequence_options(configuration).pairs);
    else if (contains(of_memory, parameter))
      all.push_back(reads(parameter));
    else if (parameter == "redraw" || parameter == "scale")
      all.push_back(reads("scaled"));
    else if (parameter == "patience" || parameter == "improvement")
      all.push_back(configuration.schedule != "cosine");
    else
      all.push_back(parameter != "cooldown" || configuration.schedule == "cooldown");
  }
  return all;
}

bool applies(std::string_view parameter, const Configuration& configuration) {
  return applies({&parameter, 1}, configuration).front();
}

Index state_floats(const Configuration& configuration) {
  return of_memory(configuration,
                   [&](const auto& memory) { return memory.state_floats(configuration.S, configuration.L); });
}

}  // namespace palimpsest
