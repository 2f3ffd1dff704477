#include "palimpsest/task/corpus.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "palimpsest/core/file.hpp"
#include "palimpsest/core/text.hpp"

namespace palimpsest {
namespace {

constexpr Index kCycle = 20, kTest = 7, kValidation = 17;

bool ends_word(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

void require_utf8(std::string_view text, std::string_view name) {
  for (std::size_t at = 0, line = 1; at < text.size();) {
    if (text[at] == '\n') ++line;
    const auto length = utf8_length(text.substr(at));
    if (length == 0)
      throw ConfigurationError(fmt::format("corpus '{}': byte {} (0x{:02x}), in line {}, is not UTF-8", name, at,
                                           static_cast<unsigned char>(text[at]), line));
    at += length;
  }
}

}  // namespace

Corpus split_corpus(std::string_view text, std::string_view name, Validation validation) {
  require_utf8(text, name);
  Corpus corpus{.hash = fmt::format("{:016x}", fnv1a(text)), .training = {}, .validation = {}, .test = {}};
  Index documents = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    const auto document = text.substr(at, end - at);
    at = end + 1;
    if (document.empty()) continue;
    const Index place = documents++ % kCycle;
    auto& part = place == kTest                                                ? corpus.test
                 : place == kValidation && validation == Validation::documents ? corpus.validation
                                                                               : corpus.training;
    part.append(document).push_back('\n');
  }
  const Index least = (validation == Validation::documents ? kValidation : kTest) + 1;
  if (documents < least)
    throw ConfigurationError(fmt::format(
        "corpus '{}': {} documents (lines that aren't empty); of every {}, number {} is for test"
        "{}, so that {} are needed at least",
        name, documents, kCycle, kTest + 1,
        validation == Validation::documents ? fmt::format(" and number {} for validation", kValidation + 1) : "",
        least));
  if (validation == Validation::test) corpus.validation = corpus.test;
  return corpus;
}

std::filesystem::path corpus_file(std::string_view corpus) {
  if (corpus.find_first_of("/.") != corpus.npos) return corpus;
  return fmt::format("results/run/corpus/{}.txt", corpus);
}

std::string read_corpus(std::string_view corpus) {
  const auto file = corpus_file(corpus);
  std::error_code error;
  if (!std::filesystem::exists(file, error))
    throw ConfigurationError(file == corpus ? fmt::format("corpus '{}': there is no such file", corpus)
                                            : fmt::format("corpus '{}': there is no {} below the current directory; "
                                                          "scripts/corpus.sh {} makes it",
                                                          corpus, file.native(), corpus));
  return read_file(file);
}

Index count_words(std::string_view text) {
  Index words = 0;
  for (std::size_t i = 1; i < text.size(); ++i) words += ends_word(text[i]) && !ends_word(text[i - 1]);
  return words;
}

}  // namespace palimpsest
