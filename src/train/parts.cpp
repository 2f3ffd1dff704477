#include "palimpsest/train/parts.hpp"

namespace palimpsest {

Memories<float>::Variant make_memory(const Configuration& configuration) {
  const MemoryOptions options{.key_dim = configuration.key_dim,
                              .kernel = configuration.kernel,
                              .rule = configuration.rule,
                              .normalization = configuration.normalization,
                              .scaled = configuration.scale != "none",
                              .beta = configuration.beta,
                              .alpha = configuration.alpha,
                              .largest_beta = configuration.largest_beta,
                              .ridge = configuration.ridge};
  return make_component<Memories<float>>("memory", configuration.memory, options);
}

Tasks::Variant make_task(const Configuration& configuration, Index L) {
  return make_component<Tasks>("task", configuration.task, TaskOptions{configuration.S, L, configuration.replacement});
}

}  // namespace palimpsest
