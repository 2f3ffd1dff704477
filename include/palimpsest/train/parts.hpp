// A configuration's components, made by their lists. Nothing else makes one, so that the component a row names is the one
// that ran.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "palimpsest/layer/sequence_model.hpp"
#include "palimpsest/pair/all.hpp"
#include "palimpsest/pair/any_model.hpp"
#include "palimpsest/task/all.hpp"
#include "palimpsest/train/configuration.hpp"

namespace palimpsest {

/// Throws ConfigurationError for a component that isn't known, or a gate or size out of range.
Memories<float>::Variant make_memory(const Configuration& configuration);

/// The task with sequences of L writes, whatever the configuration's is. Throws as make_memory.
Tasks::Variant make_task(const Configuration& configuration, Index L);

/// The one model that tasks of tokens have; pair/all.hpp lists those of pairs.
inline constexpr std::string_view kSequenceModel = "sequence";
inline constexpr std::string_view kSequenceModelSummary =
    "layers of a memory each: short convolutions, heads, RMS norm, and SwiGLU if `mlp`";

/// A task of tokens at one size, of its family's parameter for it.
struct TokenMember {
  Index size;
  TokenTasks::Variant task;
};

/// Those that are trained, or evaluated. Throws ConfigurationError as the tasks do.
std::vector<TokenMember> make_token_tasks(const Configuration& configuration, bool evaluated);

/// One of its sequences, for what all of them have: tokens, questions.
TokenSequence any_sequence(const TokenMember& member);

/// The model of layers. Throws ConfigurationError for a start of the embedding that isn't known.
SequenceOptions sequence_options(const Configuration& configuration);

/// The memory of one of its heads. Throws as make_memory.
TokenMemory<float> make_token_memory(const Configuration& configuration);

/// The model for that memory, its parameters as drawn. Throws as make_memory.
template <class Memory>
AnyModel<float> make_model(const Configuration& configuration, const Memory& memory) {
  return AnyModel<float>(configuration.model, memory.token_shape(configuration.S), Memory::projection_init,
                         configuration.seed);
}

}  // namespace palimpsest
