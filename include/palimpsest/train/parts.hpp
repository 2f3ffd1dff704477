// A configuration's components, made by their lists. Nothing else makes one, so that the component a row names is the one
// that ran.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "palimpsest/memory/all.hpp"
#include "palimpsest/model/any_model.hpp"
#include "palimpsest/task/all.hpp"
#include "palimpsest/train/configuration.hpp"

namespace palimpsest {

/// Throws ConfigurationError for a component that isn't known, or a gate or size out of range.
Memories<float>::Variant make_memory(const Configuration& configuration);

/// The task with sequences of L writes, whatever the configuration's is. Throws as make_memory.
Tasks::Variant make_task(const Configuration& configuration, Index L);

/// The model for that memory, its parameters as drawn. Throws as make_memory.
template <class Memory>
AnyModel<float> make_model(const Configuration& configuration, const Memory& memory) {
  return AnyModel<float>(configuration.model, memory.token_shape(configuration.S), Memory::projection_init,
                         configuration.seed);
}

}  // namespace palimpsest
