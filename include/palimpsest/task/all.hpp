// The lists of tasks; add yours here.
#pragma once

#include "palimpsest/core/registry.hpp"
#include "palimpsest/task/associative_retrieval.hpp"
#include "palimpsest/task/forgetting_mqar.hpp"
#include "palimpsest/task/mqar.hpp"
#include "palimpsest/task/multi_value.hpp"
#include "palimpsest/task/stacked_mqar.hpp"
#include "palimpsest/task/state_tracking.hpp"

namespace palimpsest {

/// Of pairs: writes, and queries that see some of them.
using Tasks = TypeList<AssociativeRetrieval>;

/// Of tokens, by family.
using RecallTasks = TypeList<Mqar, StackedMqar, ForgettingMqar, MultiValue>;
using TrackingTasks = TypeList<StateTracking>;

using TokenTasks = Joined<RecallTasks, TrackingTasks>;

}  // namespace palimpsest
