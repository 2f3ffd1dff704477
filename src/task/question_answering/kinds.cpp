#include "palimpsest/task/question_answering/kinds.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace palimpsest::question_answering {

std::vector<Kind> parse_kinds(std::string_view text) {
  const auto refuse = [&] {
    std::vector<std::string_view> known;
    for (const auto& kind : kinds) known.push_back(kind.name);
    throw ConfigurationError(
        fmt::format("kinds '{}': allowed is all, or one or several different of: {}", text, fmt::join(known, ", ")));
  };
  std::vector<Kind> parsed;
  for (std::size_t from = 0; from < text.size();) {
    const auto to = std::min(text.find(' ', from), text.size());
    if (const auto word = text.substr(from, to - from); !word.empty() && text != "all") {
      const auto* const at = std::ranges::find(kinds, word, &KindDescription::name);
      if (at == kinds.end() || std::ranges::find(parsed, at->kind) != parsed.end()) refuse();
      parsed.push_back(at->kind);
    }
    from = to + 1;
  }
  if (text == "all")
    for (const auto& kind : kinds) parsed.push_back(kind.kind);
  if (parsed.empty()) refuse();
  std::ranges::sort(parsed);
  return parsed;
}

std::string kinds_text(const std::vector<Kind>& chosen) {
  if (chosen.size() == kinds.size()) return "all";
  std::vector<std::string_view> names;
  for (const Kind kind : chosen) names.push_back(description(kind).name);
  return fmt::format("{}", fmt::join(names, " "));
}

}  // namespace palimpsest::question_answering
