// Apart from the library's other sources, since it alone needs SentencePiece.
#include <fmt/format.h>
#include <sentencepiece_processor.h>
#include <sentencepiece_trainer.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "palimpsest/task/tokenizer.hpp"

namespace palimpsest {
namespace {

namespace sp = sentencepiece;

/// Bytes, the piece for what is none, and something to learn.
constexpr int kFewest = 256 + 1 + 1;

constexpr std::string_view kBlank = "\u2581";  // a blank, in a piece

/// The documents of a text, one after the other.
class Documents : public sp::SentenceIterator {
 public:
  explicit Documents(std::string_view text) : rest_(text) { Next(); }
  bool done() const override { return done_; }
  void Next() override {
    done_ = rest_.empty();
    const auto end = std::min(rest_.find('\n'), rest_.size());
    document_ = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
  }
  const std::string& value() const override { return document_; }
  sp::util::Status status() const override { return {}; }

 private:
  std::string_view rest_;
  std::string document_;
  bool done_ = false;
};

std::string train(std::string_view training, int pieces) {
  const std::unordered_map<std::string, std::string> options{
      {"model_type", "unigram"},
      {"vocab_size", std::to_string(pieces)},
      {"character_coverage", "1"},
      {"byte_fallback", "true"},
      // A text comes back as it was.
      {"normalization_rule_name", "identity"},
      {"add_dummy_prefix", "false"},
      {"remove_extra_whitespaces", "false"},
      {"bos_id", "-1"},
      {"eos_id", "-1"},
      {"max_sentence_length", std::to_string(training.size() + 1)},  // documents are as long as they are
      {"num_threads", "1"},                                          // sums in another order would be other pieces
      {"minloglevel", "2"}};
  Documents documents(training);
  std::string model;
  const auto status = sp::SentencePieceTrainer::Train(options, &documents, &model);
  if (!status.ok())
    throw ConfigurationError(fmt::format(
        "tokens = subwords:{}: can't be learnt from this corpus; SentencePiece says: {}", pieces, status.ToString()));
  return model;
}

void refuse_blank_sign(std::string_view text) {
  if (text.find(kBlank) != text.npos)
    throw ConfigurationError(
        fmt::format("tokens = subwords: the corpus has the character {} (U+2581), which stands for a "
                    "blank in subwords; use bytes, or another character",
                    kBlank));
}

}  // namespace

Subwords::Subwords(int pieces) : pieces_(pieces) {
  if (pieces < kFewest)
    throw ConfigurationError(
        fmt::format("tokens = subwords:{}: at least {}, of which 257 are bytes and what is no piece", pieces, kFewest));
}

std::string Subwords::learn(std::string_view training) {
  refuse_blank_sign(training);
  std::string model = train(training, pieces_);
  if (!load(model))
    throw ConfigurationError(fmt::format("tokens = subwords:{}: SentencePiece learnt another number", pieces_));
  return model;
}

bool Subwords::load(std::string_view model) {
  auto processor = std::make_shared<sp::SentencePieceProcessor>();
  if (!processor->LoadFromSerializedProto(model).ok() || processor->GetPieceSize() != pieces_) return false;
  bytes_.clear();
  for (int token = 0; token < pieces_; ++token) {
    const std::string& piece = processor->IdToPiece(token);
    auto bytes = static_cast<Index>(processor->IsByte(token) ? 1 : piece.size());
    for (auto at = piece.find(kBlank); at != piece.npos; at = piece.find(kBlank, at + kBlank.size()))
      bytes -= static_cast<Index>(kBlank.size()) - 1;
    bytes_.push_back(bytes);
  }
  learnt_ = std::move(processor);
  return true;
}

std::vector<int> Subwords::encode(std::string_view text) const {
  refuse_blank_sign(text);
  std::vector<int> tokens;
  while (!text.empty()) {  // by document, with its end
    const auto end = std::min(text.find('\n'), text.size() - 1) + 1;
    for (const int token : learnt_->EncodeAsIds(text.substr(0, end))) tokens.push_back(token);
    text.remove_prefix(end);
  }
  return tokens;
}

std::string Subwords::decode(std::span<const int> tokens) const {
  std::string text;
  learnt_->Decode(std::vector<int>(tokens.begin(), tokens.end()), &text).IgnoreError();
  return text;
}

}  // namespace palimpsest
