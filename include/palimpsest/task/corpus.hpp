// A text of documents, one per line, split by whole documents: of every twenty in a row, the eighth is for test and the
// eighteenth for validation; the others are trained. An empty line is no document.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "palimpsest/core/types.hpp"

namespace palimpsest {

struct Corpus {
  std::string hash;                        ///< FNV-1a of the text, 16 hexadecimal digits
  std::string training, validation, test;  ///< documents in their order, each with a line end behind it
};

/// Where validation's documents come from. `test`: nothing is held out for it, and it is test's own: for comparison with
/// trainers that look at test while they train; a checkpoint that is chosen by it is chosen by test.
enum class Validation { documents, test };

/// Splits a text that is called `name` in errors. Throws ConfigurationError for one that isn't UTF-8 or has fewer documents
/// than a part of each kind needs.
Corpus split_corpus(std::string_view text, std::string_view name, Validation validation);

/// The file that a corpus means: itself, if it is a path (with a `/` or a `.`), or what scripts/corpus.sh made of that name
/// below the current directory.
std::filesystem::path corpus_file(std::string_view corpus);

/// The text of a corpus. Throws ConfigurationError, with the command that makes it, if it can't be read.
std::string read_corpus(std::string_view corpus);

/// How many words of a text end: blanks and line ends behind something else.
Index count_words(std::string_view text);

}  // namespace palimpsest
