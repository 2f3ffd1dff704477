// The lists of tasks; add yours here.
#pragma once

#include "palimpsest/core/registry.hpp"
#include "palimpsest/task/associative_retrieval.hpp"
#include "palimpsest/task/forgetting_mqar.hpp"
#include "palimpsest/task/mqar.hpp"
#include "palimpsest/task/multi_value.hpp"
#include "palimpsest/task/stacked_mqar.hpp"

namespace palimpsest {

/// Of pairs: writes, and queries that see some of them.
using Tasks = TypeList<AssociativeRetrieval>;

/// Of tokens.
using TokenTasks = TypeList<Mqar, StackedMqar, ForgettingMqar, MultiValue>;

}  // namespace palimpsest
