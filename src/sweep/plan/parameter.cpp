#include "palimpsest/sweep/plan/parameter.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>

#include "palimpsest/core/text.hpp"
#include "palimpsest/task/question_answering/kinds.hpp"
#include "palimpsest/task/token_options.hpp"

namespace palimpsest::sweep {
namespace {

constexpr std::int64_t largest_integer = 1'000'000'000;  // far above any use, far below any overflow
constexpr std::int64_t largest_seed = std::numeric_limits<std::int64_t>::max();  // what TOML can say
constexpr std::size_t most_values = 1'000'000;                                   // of an axis

/// -0 is 0.
template <class T>
std::optional<T> parse(std::string_view text) {
  const auto value = palimpsest::parse<T>(text);
  return value == T{} ? T{} : value;
}

[[noreturn]] void refuse(std::string_view name, std::string_view text, std::string_view allowed) {
  throw ConfigurationError(fmt::format("{} '{}': allowed is {}", name, text, allowed));
}

/// `dpfp:03` as `dpfp:3`, so that equal components are equal texts.
std::string component(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == text.npos) return std::string(text);
  const auto argument = parse<std::int64_t>(text.substr(colon + 1));
  return argument ? fmt::format("{}:{}", text.substr(0, colon), *argument) : std::string(text);
}

Parameter text(std::string_view name, std::string Configuration::*field, std::string_view meaning) {
  return {name, Type::text, meaning,
          [=](Configuration& c, std::string_view text) {
            if (text.empty() || std::ranges::any_of(text, is_control)) refuse(name, text, "a name, in one line");
            c.*field = component(text);
          },
          [=](const Configuration& c) { return c.*field; }};
}

template <class T>
Parameter integer(std::string_view name, T Configuration::*field, std::int64_t least, std::string_view meaning,
                  std::int64_t most = largest_integer) {
  return {name, Type::integer, meaning,
          [=](Configuration& c, std::string_view text) {
            const auto value = parse<std::int64_t>(text);
            if (!value || *value < least || *value > most)
              refuse(name, text, fmt::format("an integer from {} to {}", least, most));
            c.*field = static_cast<T>(*value);
          },
          [=](const Configuration& c) { return fmt::format("{}", c.*field); }};
}

Parameter real(std::string_view name, double Configuration::*field, bool zero_allowed, std::string_view meaning) {
  return {name, Type::real, meaning,
          [=](Configuration& c, std::string_view text) {
            const auto value = parse<double>(text);
            if (!value || !std::isfinite(*value) || *value < 0 || (*value == 0 && !zero_allowed))
              refuse(name, text, zero_allowed ? "a finite number from 0" : "a finite number above 0");
            c.*field = *value;
          },
          [=](const Configuration& c) { return fmt::format("{}", c.*field); }};
}

/// `learnt` or a number, whose range depends on the rule.
Parameter gate(std::string_view name, std::string Configuration::*field, std::string_view meaning) {
  return {name,
          Type::text,
          meaning,
          [=](Configuration& c, std::string_view text) {
            const auto value = parse<double>(text);
            if (text != kLearnt && (!value || !std::isfinite(*value) || *value < 0 || *value > 2))
              refuse(name, text, "'learnt' or a number from 0 to 1 (strength of delta_product: to 2)");
            c.*field = value ? fmt::format("{}", *value) : std::string(text);
          },
          [=](const Configuration& c) { return c.*field; },
          nullptr,
          "",
          "",
          true};
}

Parameter boolean(std::string_view name, bool Configuration::*field, std::string_view meaning) {
  return {name, Type::boolean, meaning,
          [=](Configuration& c, std::string_view text) {
            if (text != "true" && text != "false") refuse(name, text, "true or false");
            c.*field = text == "true";
          },
          [=](const Configuration& c) { return c.*field ? "true" : "false"; }};
}

/// The n of `nS`, if `S` is the unit; `S` alone is once S. Empty for anything else.
std::optional<std::int64_t> multiple_of(std::string_view unit, std::string_view text) {
  if (text == unit) return 1;
  if (!text.ends_with(unit)) return std::nullopt;
  const auto n = parse<std::int64_t>(text.substr(0, text.size() - unit.size()));
  return n && *n >= 1 && *n <= largest_integer ? n : std::nullopt;
}

/// Relative values that are multiples of this unit.
std::function<std::string(std::string_view)> multiples(std::string_view unit) {
  return [unit](std::string_view text) {
    const auto n = multiple_of(unit, text);
    return !n ? std::string() : *n == 1 ? std::string(unit) : fmt::format("{}{}", *n, unit);
  };
}

/// The only relative value there is.
std::function<std::string(std::string_view)> only(std::string_view name) {
  return [name](std::string_view text) { return std::string(text == name ? name : ""); };
}

Parameter writes(std::string_view meaning) {
  Parameter L = integer("L", &Configuration::L, 1, meaning);
  L.set = [plain = L.set](Configuration& c, std::string_view text) {
    if (text.find('S') == text.npos) return plain(c, text);
    const auto n = multiple_of("S", text);
    if (!n || *n > largest_integer / std::max<Index>(c.S, 1))
      refuse("L", text,
             fmt::format("an integer from 1 to {}, or a multiple of S such as 'S' or '2S'", largest_integer));
    c.L = static_cast<Index>(*n) * c.S;
  };
  L.relative = multiples("S");
  L.relative_form = "a multiple of S such as \"2S\"";
  return L;
}

Parameter key_size(std::string_view meaning) {
  Parameter d = integer("key_dim", &Configuration::key_dim, 1, meaning);
  d.set = [plain = d.set](Configuration& c, std::string_view text) {
    if (text == "width/heads")
      c.key_dim = std::max<Index>(1, c.width / c.heads);  // a width that heads don't divide is refused by the model
    else
      plain(c, text);
  };
  d.relative = only("width/heads");
  d.relative_form = "\"width/heads\"";
  d.follows = "width/heads";
  return d;
}

/// Sequences in a step; by the size of each, so that steps of all sizes have about as many questions.
Parameter batch_size(std::string_view meaning) {
  struct Questions {
    std::int64_t count;
    std::string_view per;
    Index Configuration::*size;
  };
  constexpr std::array sizes = {Questions{0, "pairs", &Configuration::pairs},
                                Questions{0, "entities", &Configuration::entities}};
  const auto questions = [=](std::string_view text) -> std::optional<Questions> {
    const auto slash = text.find('/');
    const auto size = std::ranges::find(sizes, text.substr(std::min(slash + 1, text.size())), &Questions::per);
    const auto count = parse_count(text.substr(0, slash));
    if (slash == text.npos || size == sizes.end() || !count) return std::nullopt;
    return Questions{*count, size->per, size->size};
  };
  Parameter batch = integer("batch", &Configuration::batch, 1, meaning);
  batch.set = [=, plain = batch.set](Configuration& c, std::string_view text) {
    if (const auto found = questions(text))
      c.batch = std::max<Index>(1, found->count / c.*(found->size));
    else if (text.find('/') != text.npos)
      refuse("batch", text,
             fmt::format("an integer from 1 to {}, or one over the pairs or entities such as '1024/pairs'",
                         largest_integer));
    else
      plain(c, text);
  };
  batch.relative = [=](std::string_view text) {
    const auto found = questions(text);
    return found ? fmt::format("{}/{}", found->count, found->per) : std::string();
  };
  batch.relative_form = "a number of questions over the pairs or entities such as \"1024/pairs\"";
  return batch;
}

/// Numbers of pairs; `pairs` is the one of that parameter.
Parameter mixture(std::string_view name, std::string Configuration::*field, std::string_view meaning) {
  return {name,
          Type::text,
          meaning,
          [=](Configuration& c, std::string_view text) {
            c.*field = text == "pairs" ? fmt::format("{}", c.pairs) : PairsMixture::parse(name, text).text();
          },
          [=](const Configuration& c) { return c.*field; },
          only("pairs"),
          "\"pairs\"",
          "pairs",
          true};
}

/// Tokens in a sequence: a multiple of one number of pairs is said as the number that it is.
Parameter tokens(std::string_view name, std::string Configuration::*field, std::string Configuration::*pairs,
                 std::string_view meaning) {
  return {name,
          Type::text,
          meaning,
          [=](Configuration& c, std::string_view text) {
            if (name != "length" && text == "length") text = c.length;
            const auto length = SequenceLength::parse(name, text);
            const auto numbers = PairsMixture::parse(name, c.*pairs);
            c.*field = numbers.members().size() > 1 ? length.text()
                                                    : fmt::format("{}", length.resolve(name, numbers.largest()));
          },
          [=](const Configuration& c) { return c.*field; },
          [=](std::string_view text) {
            return name != "length" && text == "length" ? std::string(text) : multiples("pairs")(text);
          },
          "a multiple of the pairs such as \"4pairs\"",
          name == "length" ? "" : "length",
          true};
}

/// Kinds of stories, in their order.
Parameter kinds(std::string_view name, std::string Configuration::*field, std::string_view meaning) {
  Parameter parameter = text(name, field, meaning);
  parameter.set = [=](Configuration& c, std::string_view text) {
    c.*field = question_answering::kinds_text(question_answering::parse_kinds(text));
  };
  return parameter;
}

/// A number, or as many as there are entities, whatever their number is.
Parameter like_entities(std::string_view name, std::string Configuration::*field, std::string_view meaning) {
  Parameter parameter = text(name, field, meaning);
  parameter.set = [=](Configuration& c, std::string_view text) {
    const auto count = parse_count(text);
    if (!count && text != "entities")
      refuse(name, text, fmt::format("an integer from 1 to {}, or 'entities'", largest_count));
    c.*field = count ? fmt::format("{}", *count) : std::string(text);
  };
  parameter.takes_number = true;
  return parameter;
}

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
      integer("seed", &C::seed, 0, "seed of every random choice of the point", largest_seed),
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
