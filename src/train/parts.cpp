#include "palimpsest/train/parts.hpp"

#include <fmt/format.h>

#include "palimpsest/task/token_options.hpp"

namespace palimpsest {

namespace {

MemoryOptions memory_options(const Configuration& configuration) {
  return {.key_dim = configuration.key_dim,
          .kernel = configuration.kernel,
          .rule = configuration.rule,
          .normalization = configuration.normalization,
          .scaled = configuration.scale != "none",
          .beta = configuration.beta,
          .alpha = configuration.alpha,
          .largest_beta = configuration.largest_beta,
          .ridge = configuration.ridge};
}

EmbeddingStart embedding_start(const std::string& name) {
  if (name == "normal") return EmbeddingStart::normal;
  if (name == "unit_sphere") return EmbeddingStart::unit_sphere;
  throw ConfigurationError(fmt::format("unknown embedding '{}'; known: normal, unit_sphere", name));
}

}  // namespace

Memories<float>::Variant make_memory(const Configuration& configuration) {
  return make_component<Memories<float>>("memory", configuration.memory, memory_options(configuration));
}

namespace {

template <class List, class Options>
TokenMember make_member(const Configuration& c, Index size, const Options& options) {
  return {size, std::visit([](auto task) { return TokenTasks::Variant(std::move(task)); },
                           make_component<List>("task", c.task, options))};
}

std::vector<TokenMember> make_recall_tasks(const Configuration& c, bool evaluated) {
  std::vector<TokenMember> members;
  const auto length = SequenceLength::parse("length", evaluated ? c.test_length : c.length);
  const auto numbers = PairsMixture::parse("pairs", evaluated ? c.test_pairs : c.train_pairs);
  for (const Index pairs : numbers.members()) {
    const RecallOptions options{.vocabulary = c.vocabulary,
                                .pairs = pairs,
                                .length = length.resolve("length", pairs),
                                .fill = c.fill,
                                .passes = c.passes,
                                .power = c.power,
                                .reassigned = c.reassigned,
                                .values_per_key = c.values_per_key};
    members.push_back(make_member<RecallTasks>(c, pairs, options));
  }
  return members;
}

std::vector<TokenMember> make_tracking_tasks(const Configuration& c, bool evaluated) {
  const auto name = evaluated ? "test_length" : "length";
  const auto text = evaluated ? c.test_length : c.length;
  const auto length = parse_count(text);
  if (!length) throw ConfigurationError(fmt::format("{} '{}': of {} it is a number of tokens", name, text, c.task));
  return {make_member<TrackingTasks>(c, *length, StateTrackingOptions{.group = c.group, .length = *length})};
}

}  // namespace

std::vector<TokenMember> make_token_tasks(const Configuration& configuration, bool evaluated) {
  switch (family_of(configuration)) {
    case Family::tracking:
      return make_tracking_tasks(configuration, evaluated);
    default:
      return make_recall_tasks(configuration, evaluated);
  }
}

TokenSequence any_sequence(const TokenMember& member) {
  Stream stream(1, Purpose::training, 0);
  TokenSequence sequence;
  std::visit([&](const auto& task) { task.deal(stream, sequence); }, member.task);
  return sequence;
}

SequenceOptions sequence_options(const Configuration& c) {
  const auto member = std::move(make_token_tasks(c, false)[0]);
  const bool stacked = std::visit([](const auto& task) { return task.stacked; }, member.task);
  const Index vocabulary = std::visit([](const auto& task) { return task.vocabulary(); }, member.task);
  return {.vocabulary = (stacked ? 2 : 1) * vocabulary,
          .first_output = stacked ? vocabulary : 0,
          .width = c.width,
          .layers = c.layers,
          .heads = c.heads,
          .taps = c.conv,
          .mlp = c.mlp,
          .tied = c.tied || stacked,
          .embedding = embedding_start(c.embedding),
          .frozen = c.frozen,
          .pairs = stacked,
          .memory = c.memory,
          .options = memory_options(c)};
}

TokenMemory<float> make_token_memory(const Configuration& configuration) {
  return {configuration.memory, memory_options(configuration)};
}

Tasks::Variant make_task(const Configuration& configuration, Index L) {
  return make_component<Tasks>("task", configuration.task, TaskOptions{configuration.S, L, configuration.replacement});
}

}  // namespace palimpsest
