#include "palimpsest/train/components.hpp"

#include "palimpsest/memory/all.hpp"
#include "palimpsest/model/all.hpp"
#include "palimpsest/task/all.hpp"

namespace palimpsest {

std::vector<std::pair<std::string, std::vector<ComponentDescription>>> components() {
  return {{"task", describe<Tasks>()},
          {"memory", describe<Memories<float>>()},
          {"kernel", describe<Kernels<float>>()},
          {"rule", describe<Rules<float>>()},
          {"normalization", describe<Normalizations<float>>()},
          {"model", describe<Models<float>>()}};
}

}  // namespace palimpsest
