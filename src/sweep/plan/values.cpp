#include "sweep/plan/values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>

#include "palimpsest/core/text.hpp"
#include "palimpsest/task/question_answering/kinds.hpp"
#include "palimpsest/task/token_options.hpp"

namespace palimpsest::sweep {
namespace {

constexpr std::int64_t largest_integer = 1'000'000'000;  // far above any use, far below any overflow
constexpr std::int64_t largest_seed = std::numeric_limits<std::int64_t>::max();  // what TOML can say

/// -0 is 0.
template <class T>
std::optional<T> parse(std::string_view text) {
  const auto value = palimpsest::parse<T>(text);
  return value == T{} ? T{} : value;
}

/// `dpfp:03` as `dpfp:3`, so that equal components are equal texts.
std::string component(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == text.npos) return std::string(text);
  const auto argument = parse<std::int64_t>(text.substr(colon + 1));
  return argument ? fmt::format("{}:{}", text.substr(0, colon), *argument) : std::string(text);
}

}  // namespace

[[noreturn]] void refuse(std::string_view name, std::string_view text, std::string_view allowed) {
  throw ConfigurationError(fmt::format("{} '{}': allowed is {}", name, text, allowed));
}

Parameter text(std::string_view name, std::string Configuration::*field, std::string_view meaning) {
  return {name, Type::text, meaning,
          [=](Configuration& c, std::string_view text) {
            if (text.empty() || std::ranges::any_of(text, is_control)) refuse(name, text, "a name, in one line");
            c.*field = component(text);
          },
          [=](const Configuration& c) { return c.*field; }};
}

namespace {

template <class T>
Parameter any_integer(std::string_view name, T Configuration::*field, std::int64_t least, std::string_view meaning,
                      std::int64_t most) {
  return {name, Type::integer, meaning,
          [=](Configuration& c, std::string_view text) {
            const auto value = parse<std::int64_t>(text);
            if (!value || *value < least || *value > most)
              refuse(name, text, fmt::format("an integer from {} to {}", least, most));
            c.*field = static_cast<T>(*value);
          },
          [=](const Configuration& c) { return fmt::format("{}", c.*field); }};
}

}  // namespace

Parameter integer(std::string_view name, Index Configuration::*field, std::int64_t least, std::string_view meaning) {
  return any_integer(name, field, least, meaning, largest_integer);
}

Parameter seed(std::string_view name, std::uint64_t Configuration::*field, std::string_view meaning) {
  return any_integer(name, field, 0, meaning, largest_seed);
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

Parameter gate(std::string_view name, std::string Configuration::*field, std::string_view meaning) {
  return {name,
          Type::text,
          meaning,
          [=](Configuration& c, std::string_view text) {
            const auto value = parse<double>(text);
            if (text != kLearnt && (!value || !std::isfinite(*value) || *value < 0 || *value > 2))
              refuse(name, text, "'learnt' or a number from 0 to 1 (beta, where largest_beta is 2: to 2)");
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

namespace {

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

}  // namespace

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

Parameter kinds(std::string_view name, std::string Configuration::*field, std::string_view meaning) {
  Parameter parameter = text(name, field, meaning);
  parameter.set = [=](Configuration& c, std::string_view text) {
    c.*field = question_answering::kinds_text(question_answering::parse_kinds(text));
  };
  return parameter;
}

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

}  // namespace palimpsest::sweep
