#include "palimpsest/core/registry.hpp"

#include "palimpsest/core/text.hpp"

namespace palimpsest {

std::string written(std::string_view name, std::string_view argument) { return fmt::format("{}:{}", name, argument); }

std::string written(std::string_view name, int argument) { return fmt::format("{}:{}", name, argument); }

WrittenComponent::WrittenComponent(std::string_view kind, std::string_view text)
    : kind_(kind), text_(text), colon_(text.find(':')) {}

int WrittenComponent::argument(std::string_view argument, std::string_view usage) const {
  const std::string_view digits = has_argument() ? text_.substr(colon_ + 1) : "";
  if (const auto value = parse<int>(digits)) return *value;
  throw ConfigurationError(fmt::format("{} '{}': '{}' needs an integer, as in '{}'", kind_, text_, argument, usage));
}

void WrittenComponent::expect_no_argument() const {
  if (has_argument()) throw ConfigurationError(fmt::format("{} '{}': '{}' takes no argument", kind_, text_, name()));
}

void WrittenComponent::refuse(std::string_view known) const {
  throw ConfigurationError(fmt::format("unknown {} '{}'; known: {}", kind_, text_, known));
}

}  // namespace palimpsest
