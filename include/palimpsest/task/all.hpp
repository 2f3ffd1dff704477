// The list of tasks; add yours here.
#pragma once

#include "palimpsest/core/registry.hpp"
#include "palimpsest/task/associative_retrieval.hpp"

namespace palimpsest {

using Tasks = TypeList<AssociativeRetrieval>;

}  // namespace palimpsest
