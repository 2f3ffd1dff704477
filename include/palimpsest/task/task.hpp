// What a task is: it deals episodes.
//
//   name, summary                         see core/registry.hpp
//   Task(options)                         throws ConfigurationError for sizes that it can't deal
//   deal_training(stream, episode)        writes and one query
//   deal_evaluation(stream, episode)      writes, and every query that an evaluation asks
#pragma once

#include "palimpsest/core/types.hpp"

namespace palimpsest {

/// What a configuration says about its task.
struct TaskOptions {
  Index S;                   ///< distinct keys, and distinct values
  Index L;                   ///< writes in a sequence
  bool replacement = false;  ///< keys and values drawn with replacement or without
};

}  // namespace palimpsest
