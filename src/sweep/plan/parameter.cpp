#include "palimpsest/sweep/plan/parameter.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iterator>

#include "palimpsest/core/text.hpp"
#include "sweep/plan/values.hpp"

namespace palimpsest::sweep {
namespace {

constexpr std::size_t most_values = 1'000'000;  // of an axis

std::vector<std::string> expand_range(const Parameter& parameter, std::string_view text) {
  const auto first_colon = text.find(':');
  const auto second_colon = text.find(':', first_colon + 1);
  const auto part = [&](std::size_t from, std::size_t to) { return parse<std::int64_t>(text.substr(from, to - from)); };
  const auto first = part(0, first_colon);
  const auto last = second_colon == text.npos ? std::nullopt : part(first_colon + 1, second_colon);
  const auto step = second_colon == text.npos ? std::nullopt : part(second_colon + 1, text.size());
  if (!first || !last || !step || *step < 1 || *first > *last)
    refuse(parameter.name, text, "a range 'first:last:step' of integers with first <= last and step >= 1");
  // Both ends are values too, so that they are in range and their difference can't overflow.
  canonical(parameter, fmt::format("{}", *first));
  canonical(parameter, fmt::format("{}", *last));
  const auto more = (*last - *first) / *step;
  if (static_cast<std::size_t>(more) >= most_values)
    refuse(parameter.name, text, fmt::format("a range of at most {} values", most_values));
  std::vector<std::string> values;
  for (std::int64_t i = 0; i <= more; ++i) values.push_back(fmt::format("{}", *first + i * *step));
  return values;
}

std::string_view trim(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

}  // namespace

std::string_view type_name(Type type) {
  switch (type) {
    case Type::text:
      return "string";
    case Type::integer:
      return "integer";
    case Type::real:
      return "number";
    case Type::boolean:
      return "boolean";
  }
  return "";
}

std::string canonical(Type type, std::string_view text) {
  if (type == Type::boolean) {
    std::string lower(text);
    for (char& c : lower) c = 'A' <= c && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if (lower == "true" || lower == "false") return lower;
  } else if (type != Type::text) {
    if (const auto whole = parse<std::int64_t>(text)) return fmt::format("{}", *whole);
    const auto value = parse<double>(text);
    constexpr double exact = 9007199254740992;  // 2^53: above it a number stands for several integers
    if (value && type == Type::real) return number_text(*value);
    if (value && std::abs(*value) <= exact && *value == std::trunc(*value))
      return fmt::format("{}", static_cast<std::int64_t>(*value));
  }
  return std::string(text);
}

const std::vector<Parameter>& parameters() {
  using C = Configuration;
  static const std::vector<Parameter> all = {
      text("task", &C::task, "what is stored and asked"),
      integer("S", &C::S, 1, "distinct keys, and distinct values"),
      writes("writes in a sequence"),
      boolean("replacement", &C::replacement, "whether keys and values are drawn with replacement"),
      integer("vocabulary", &C::vocabulary, 1,
              "different tokens; of stacked_mqar different keys, and different values"),
      integer("pairs", &C::pairs, 1, "keys with a value each in a sequence; of multi_value writes"),
      mixture("train_pairs", &C::train_pairs, "numbers of pairs that are trained, such as `4 8 16`; `pairs`: that one"),
      mixture("test_pairs", &C::test_pairs, "numbers of pairs that are evaluated, each with as many sequences"),
      tokens("length", &C::length, &C::train_pairs, "tokens in a sequence, or a multiple such as `4pairs`"),
      tokens("test_length", &C::test_length, &C::test_pairs, "the same of evaluations; `length`: as trained"),
      text("fill", &C::fill, "tokens between the questions: `zero` or `random`"),
      integer("passes", &C::passes, 1, "how often the pairs are written"),
      real("power", &C::power, false, "a of the law (i + 1)^(a − 1) of where questions stand"),
      real("reassigned", &C::reassigned, true, "share of the keys that get another value later"),
      integer("values_per_key", &C::values_per_key, 1, "values that a key has, all of them asked for"),
      text("group", &C::group, "what tokens are elements of: `parity`, `mod:n`, `s3`, `a5` or `s5`"),
      kinds("kinds", &C::kinds, "kinds of stories: `one_fact`, several with blanks between them, or `all`"),
      integer("entities", &C::entities, 1, "actors of a story"),
      like_entities("places", &C::places, "places: a number, or as many as `entities`"),
      like_entities("objects", &C::objects, "objects, of kinds that have any: a number, or as many as `entities`"),
      integer("facts", &C::facts, 1, "statements of a story after its opening, per actor"),
      integer("questions", &C::questions, 1, "questions of a story, per actor"),
      integer("stories", &C::stories, 1, "stories of a sequence"),
      text("loss", &C::loss, "what training predicts: `answers`, or every next token (`all`)"),
      text("corpus", &C::corpus, "a text of documents: a name that scripts/corpus.sh knows, or the path of a file"),
      text("tokens", &C::tokens, "what it is made of: `bytes`, or `subwords:N` of SentencePiece"),
      integer("segment", &C::segment, 1, "tokens in a sequence"),
      text("validation", &C::validation,
           "what is evaluated during training: `documents` held out for that, or the `test` split"),
      integer("evaluation_segments", &C::evaluation_segments, 0,
              "of a split that are evaluated, from its first on; 0: all"),
      boolean("carry_state", &C::carry_state,
              "whether a segment starts with the state that the one before it in the text left"),
      integer("layers", &C::layers, 1, "n, layers of a memory each"),
      integer("width", &C::width, 1, "D, size of a token inside the model"),
      integer("heads", &C::heads, 1, "memories of a layer, each for a share of the width"),
      integer("conv", &C::conv, 0, "taps of the convolutions before a memory; 0 or 1: none"),
      boolean("mlp", &C::mlp, "whether a SwiGLU follows each memory"),
      boolean("tied", &C::tied, "whether logits are products with the embedding, else with a matrix of their own"),
      text("embedding", &C::embedding, "how the embedding starts: `normal` or `unit_sphere`"),
      boolean("frozen", &C::frozen, "whether the embedding stays as it starts"),
      boolean("smaller_outputs", &C::smaller_outputs,
              "whether what a memory's answers are mapped by starts smaller, by the root of 2·layers"),
      text("memory", &C::memory, "what turns writes into answers"),
      text("kernel", &C::kernel, "feature map of keys and queries"),
      key_size("d, size of a key before the feature map"),
      text("redraw", &C::redraw, "when random features are drawn: `fixed`, `every_step` or `every:n` training steps"),
      text("scale", &C::scale, "factor on keys and queries before random features: `none` or `d^-1/4`"),
      text("rule", &C::rule, "how a write changes the memory"),
      gate("beta", &C::beta, "write strength: `learnt` from each token, or a number for all"),
      gate("alpha", &C::alpha, "decay: `learnt` from each token, or a number for all"),
      text("normalization", &C::normalization, "how keys, queries and read-out are normalised"),
      text("model", &C::model, "what learns the keys"),
      text("evaluation", &C::evaluation, "`exact`, or `published_2021` with its faults"),
      seed("seed", &C::seed, "seed of every random choice of the point"),
      batch_size("sequences in a training step, or `1024/pairs`, `1024/entities`: of so many questions"),
      real("learning_rate", &C::learning_rate, false, "Adam's learning rate, at its highest"),
      integer("max_steps", &C::max_steps, 1, "training steps at most"),
      integer("evaluation_every", &C::evaluation_every, 1, "training steps between evaluations"),
      integer("evaluation_sequences", &C::evaluation_sequences, 1, "fresh sequences in an evaluation"),
      real("tolerance", &C::tolerance, true, "training stops at an evaluation loss not above this"),
      integer("patience", &C::patience, 1,
              "evaluations in a row without an improvement that end learning at full rate"),
      text("schedule", &C::schedule, "how the rate changes and when training ends: `constant`, `cosine` or `cooldown`"),
      integer("warmup", &C::warmup, 0, "training steps over which the rate rises to its highest"),
      real("improvement", &C::improvement, true, "share by which an evaluation must lower the loss to count"),
      real("cooldown", &C::cooldown, true, "steps of falling rate, as a share of those before"),
      real("largest_beta", &C::largest_beta, false,
           "what the write strength may go up to: 1, or 2 of a rule that allows it"),
      gate("ridge", &C::ridge, "regulariser of rule mesa: `learnt` for each feature, or a number for all"),
      real("target_accuracy", &C::target_accuracy, false, "training stops at an evaluation at least as accurate"),
      real("weight_decay", &C::weight_decay, true, "AdamW's decay of all parameters"),
      real("largest_gradient", &C::largest_gradient, true, "norm of all gradients that they are clipped at; 0: never"),
      integer("examples", &C::examples, 0,
              "sequences that are trained over and over, in another order every time; 0: fresh ones at every step"),
  };
  return all;
}

const Parameter* parameter_named(std::string_view name) {
  const auto& all = parameters();
  const auto at = std::find_if(all.begin(), all.end(), [&](const auto& parameter) { return parameter.name == name; });
  return at == all.end() ? nullptr : &*at;
}

const Parameter& find_parameter(std::string_view name) {
  if (const auto* parameter = parameter_named(name)) return *parameter;
  std::string known;
  for (const auto& parameter : parameters()) known += (known.empty() ? "" : ", ") + std::string(parameter.name);
  throw ConfigurationError(fmt::format("unknown parameter '{}'; known: {}", name, known));
}

std::size_t position_of(const Parameter& parameter) {
  return static_cast<std::size_t>(&parameter - parameters().data());
}

std::size_t position_of(std::string_view name) { return position_of(find_parameter(name)); }

std::string canonical(const Parameter& parameter, std::string_view text) {
  Configuration scratch;
  parameter.set(scratch, text);
  return parameter.is_relative(text) ? parameter.relative(text) : parameter.get(scratch);
}

std::vector<std::string> parse_values(const Parameter& parameter, std::string_view text) {
  std::vector<std::string> values;
  for (std::size_t from = 0; from <= text.size();) {
    const auto comma = std::min(text.find(',', from), text.size());
    const auto item = trim(text.substr(from, comma - from));
    from = comma + 1;
    if (item.empty()) refuse(parameter.name, text, "a list of values 'v1,v2' with none left empty");
    auto expanded = parameter.type == Type::integer && item.find(':') != item.npos
                        ? expand_range(parameter, item)
                        : std::vector{canonical(parameter, item)};
    std::move(expanded.begin(), expanded.end(), std::back_inserter(values));
    check_number(parameter, values.size());
  }
  check_distinct(parameter, values);
  return values;
}

void check_number(const Parameter& parameter, std::size_t values) {
  if (values > most_values)
    throw ConfigurationError(fmt::format("{}: an axis has at most {} values", parameter.name, most_values));
}

void check_distinct(const Parameter& parameter, std::vector<std::string> values) {
  std::sort(values.begin(), values.end());
  const auto repeated = std::adjacent_find(values.begin(), values.end());
  if (repeated != values.end())
    throw ConfigurationError(fmt::format("{}: the value '{}' is listed twice", parameter.name, *repeated));
}

Configuration configure(const std::vector<std::string>& values) {
  Configuration configuration;
  for (std::size_t i = 0; i < values.size(); ++i) parameters()[i].set(configuration, values[i]);
  return configuration;
}

}  // namespace palimpsest::sweep
