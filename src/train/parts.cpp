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

std::vector<TokenMember> make_token_tasks(const Configuration& c, bool evaluated) {
  std::vector<TokenMember> members;
  const auto length = SequenceLength::parse("length", evaluated ? c.test_length : c.length);
  const auto numbers = PairsMixture::parse("pairs", evaluated ? c.test_pairs : c.train_pairs);
  for (const Index pairs : numbers.members()) {
    const TokenTaskOptions options{.vocabulary = c.vocabulary,
                                   .pairs = pairs,
                                   .length = length.resolve("length", pairs),
                                   .fill = c.fill,
                                   .passes = c.passes,
                                   .power = c.power,
                                   .reassigned = c.reassigned,
                                   .values_per_key = c.values_per_key};
    members.push_back({pairs, make_component<TokenTasks>("task", c.task, options)});
  }
  return members;
}

TokenSequence any_sequence(const TokenMember& member) {
  Stream stream(1, Purpose::training, 0);
  TokenSequence sequence;
  std::visit([&](const auto& task) { task.deal(stream, sequence); }, member.task);
  return sequence;
}

SequenceOptions sequence_options(const Configuration& c) {
  const bool stacked = std::visit([](const auto& task) { return task.stacked; }, make_token_tasks(c, false)[0].task);
  return {.vocabulary = (stacked ? 2 : 1) * c.vocabulary,
          .first_output = stacked ? c.vocabulary : 0,
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
