#include "palimpsest/task/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <mutex>
#include <tuple>
#include <utility>
#include <variant>

#include "palimpsest/core/file.hpp"
#include "palimpsest/core/text.hpp"

namespace palimpsest {
namespace {

Validation parse_validation(std::string_view text) {
  if (text == "documents") return Validation::documents;
  if (text == "test") return Validation::test;
  throw ConfigurationError(fmt::format("unknown validation '{}'; known: documents, test", text));
}

/// Where what a tokenizer learns of a training split is kept: beside the text, by what it is learnt from.
std::filesystem::path cache_file(std::string_view corpus, const Tokenizers::Variant& tokenizer,
                                 std::string_view training) {
  std::string kind = specification(tokenizer);
  std::ranges::replace(kind, ':', '-');
  auto file = corpus_file(corpus);
  return file.replace_extension(fmt::format("{}.{:016x}.model", kind, fnv1a(training)));
}

/// From the training split alone, or what was kept of it.
template <class Tokenizer>
void learn(Tokenizer& tokenizer, std::string_view training, const std::filesystem::path& cache) {
  std::error_code error;
  if (!std::filesystem::exists(cache, error)) return write_file(cache, tokenizer.learn(training));
  if (!tokenizer.load(read_file(cache)))
    throw ConfigurationError(
        fmt::format("'{}' holds no {}; without it, they are learnt anew", cache.native(), specification(tokenizer)));
}

TextData read(std::string_view name, Validation validation, Tokenizers::Variant tokenizer) {
  auto corpus = split_corpus(read_corpus(name), name, validation);
  TextData data{.hash = std::move(corpus.hash),
                .tokenizer = std::move(tokenizer),
                .training = {std::move(corpus.training), {}},
                .validation = {std::move(corpus.validation), {}},
                .test = {std::move(corpus.test), {}}};
  const auto cache = cache_file(name, data.tokenizer, data.training.text);
  std::visit(
      [&](auto& chosen) {
        if constexpr (requires { chosen.learn(data.training.text); }) learn(chosen, data.training.text, cache);
        for (auto* split : {&data.training, &data.validation, &data.test}) split->tokens = chosen.encode(split->text);
      },
      data.tokenizer);
  return data;
}

/// Which text it is, and the file as it was when it was read.
using Key = std::tuple<std::string, Validation, std::string, std::filesystem::file_time_type>;

}  // namespace

Text::Text(const Options& options)
    : options_(options),
      validation_(parse_validation(options.validation)),
      tokenizer_(make_component<Tokenizers>("tokens", options.tokens)),
      vocabulary_(std::visit([](const auto& tokenizer) { return tokenizer.vocabulary(); }, tokenizer_)) {
  require_some("segment", options.segment);
  if (options.evaluation_segments < 0)
    throw ConfigurationError(fmt::format("evaluation_segments = {}: must be at least 0", options.evaluation_segments));
  if (options.corpus.empty()) throw ConfigurationError("corpus = '': the name of one is needed, or a file");
}

std::shared_ptr<const TextData> Text::data() const {
  static std::mutex mutex;
  static Key key;
  static std::shared_ptr<const TextData> latest;

  const std::scoped_lock lock(mutex);
  std::error_code missing;  // which reading it then says
  Key asked{options_.corpus, validation_, options_.tokens,
            std::filesystem::last_write_time(corpus_file(options_.corpus), missing)};
  if (!latest || asked != key) {
    latest = std::make_shared<TextData>(read(options_.corpus, validation_, tokenizer_));
    key = std::move(asked);
  }
  const Index most = std::numeric_limits<std::int32_t>::max();
  for (const auto& [name, split] : {std::pair("training", &latest->training),
                                    std::pair("validation", &latest->validation), std::pair("test", &latest->test)})
    if (const auto tokens = std::ssize(split->tokens); tokens <= options_.segment || tokens > most)
      throw ConfigurationError(fmt::format("corpus '{}': {} tokens for {}; with segment = {} it must be from {} to {}",
                                           options_.corpus, tokens, name, options_.segment, options_.segment + 1,
                                           most));
  return latest;
}

namespace {

/// `length` tokens from one on; what follows each is asked.
void deal_from(const std::vector<int>& tokens, Index first, Index length, TokenSequence& sequence) {
  const auto begin = tokens.begin() + first;
  sequence.tokens.assign(begin, begin + length);
  sequence.targets.assign(begin + 1, begin + length + 1);
  sequence.partners.clear();
  sequence.distances.clear();
  sequence.positions.resize(static_cast<std::size_t>(length));
  for (Index t = 0; t < length; ++t) sequence.positions[static_cast<std::size_t>(t)] = static_cast<int>(t);
}

}  // namespace

void Text::deal(const TextData& data, Stream& stream, TokenSequence& sequence) const {
  const auto& tokens = data.training.tokens;
  const auto first = stream.below(static_cast<std::uint32_t>(std::ssize(tokens) - options_.segment));
  deal_from(tokens, first, options_.segment, sequence);
}

bool Text::deal_stream(const TextData& data, std::uint64_t seed, Index b, Index streams, Index read,
                       TokenSequence& sequence) const {
  const Index segment = segment_of_stream(data, seed, b, streams, read);
  deal(data.training, segment, sequence);
  return read == 0 || segment == 0;
}

Index Text::segment_of_stream(const TextData& data, std::uint64_t seed, Index b, Index streams, Index read) const {
  const Index all = (std::ssize(data.training.tokens) - 1) / options_.segment;
  Stream stream(seed, Purpose::training, 0);
  return (stream.below(static_cast<std::uint32_t>(all)) + b * all / streams + read) % all;
}

Index Text::segments(const TextSplit& split) const {
  const Index all = (std::ssize(split.tokens) - 1 + options_.segment - 1) / options_.segment;
  return options_.evaluation_segments > 0 ? std::min(all, options_.evaluation_segments) : all;
}

void Text::deal(const TextSplit& split, Index i, TokenSequence& sequence) const {
  const Index first = i * options_.segment;
  deal_from(split.tokens, first, std::min(options_.segment, std::ssize(split.tokens) - 1 - first), sequence);
}

Predicted predicted(const TextData& data, const TextSplit& split, Index tokens) {
  Index first = 0, bytes = 0;
  std::visit(
      [&](const auto& tokenizer) {
        first = tokenizer.bytes(split.tokens[0]);
        for (Index t = 1; t <= tokens; ++t) bytes += tokenizer.bytes(split.tokens[static_cast<std::size_t>(t)]);
      },
      data.tokenizer);
  const std::string_view text = split.text;
  const auto until = [&](Index end) { return count_words(text.substr(0, static_cast<std::size_t>(end))); };
  return {.tokens = tokens, .bytes = bytes, .words = until(first + bytes) - until(first)};
}

}  // namespace palimpsest
