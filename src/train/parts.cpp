#include "palimpsest/train/parts.hpp"

#include <fmt/format.h>

#include "palimpsest/task/draw.hpp"
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

/// `entities`, or a number. Throws ConfigurationError, naming the option, for anything else.
Index number_of(std::string_view option, std::string_view text, Index entities) {
  if (text == "entities") return entities;
  if (const auto count = parse_count(text)) return *count;
  throw ConfigurationError(
      fmt::format("{} '{}': allowed is an integer from 1 to {}, or 'entities'", option, text, largest_count));
}

std::vector<TokenMember> make_question_tasks(const Configuration& c, bool evaluated) {
  const QuestionAnsweringOptions options{.kinds = c.kinds,
                                         .entities = c.entities,
                                         .places = number_of("places", c.places, c.entities),
                                         .objects = number_of("objects", c.objects, c.entities),
                                         .facts = c.facts,
                                         .questions = c.questions,
                                         .stories = c.stories,
                                         .loss = evaluated ? "answers" : c.loss};
  return {make_member<QuestionTasks>(c, c.entities, options)};
}

}  // namespace

TextOptions text_options(const Configuration& c) {
  return {.corpus = c.corpus,
          .tokens = c.tokens,
          .segment = c.segment,
          .validation = c.validation,
          .evaluation_segments = c.evaluation_segments,
          .carry_state = c.carry_state};
}

std::vector<TokenMember> make_token_tasks(const Configuration& configuration, bool evaluated) {
  switch (family_of(configuration)) {
    case Family::tracking:
      return make_tracking_tasks(configuration, evaluated);
    case Family::questions:
      return make_question_tasks(configuration, evaluated);
    case Family::text:
      return {make_member<TextTasks>(configuration, configuration.segment, text_options(configuration))};
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

void deal_training(const std::vector<TokenMember>& members, std::uint64_t seed, std::uint64_t number,
                   TokenSequence& sequence) {
  Stream stream(seed, Purpose::training, number);
  const auto& member = members[draw_member(stream, members.size())];
  std::visit([&](const auto& task) { task.deal(stream, sequence); }, member.task);
}

namespace {

std::string numbers_text(const TokenSequence& sequence) {
  const auto& positions = sequence.positions;
  const std::size_t answers = positions.empty() ? 0 : sequence.targets.size() / positions.size();
  std::string text;
  std::size_t question = 0;
  for (std::size_t t = 0; t < sequence.tokens.size(); ++t) {
    text += fmt::format("{}{}", t > 0 ? " " : "", sequence.tokens[t]);
    if (!sequence.partners.empty() && sequence.partners[t] >= 0) text += fmt::format(":{}", sequence.partners[t]);
    if (question == positions.size() || positions[question] != static_cast<int>(t)) continue;
    for (std::size_t i = 0; i < answers; ++i)
      text += fmt::format("{}{}", i > 0 ? "," : "?", sequence.targets[question * answers + i]);
    ++question;
  }
  return text + '\n';
}

}  // namespace

std::string to_text(const TokenMember& member, const TokenSequence& sequence) {
  return std::visit(
      [&](const auto& task) {
        if constexpr (requires { task.text(sequence); })
          return task.text(sequence);
        else
          return numbers_text(sequence);
      },
      member.task);
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
          .smaller_outputs = c.smaller_outputs,
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
