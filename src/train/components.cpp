#include "palimpsest/train/components.hpp"

#include <fmt/format.h>

#include "palimpsest/pair/all.hpp"
#include "palimpsest/task/all.hpp"
#include "palimpsest/train/parts.hpp"

namespace palimpsest {

namespace {

/// Rules with their gates.
std::vector<ComponentDescription> rules() {
  auto all = describe<Rules<float>>();
  auto rule = all.begin();
  Rules<float>::for_each([&]<class R>() {
    std::string gates;
    for (const Gate& gate : R::gates)
      gates += fmt::format("{}{}{}{}", gates.empty() ? "" : ", ", gate.name, gate.per_feature ? " per feature" : "",
                           gate.constant ? " (one for all writes)" : "");
    if (!gates.empty()) rule->summary += "; gates: " + gates;
    ++rule;
  });
  return all;
}

}  // namespace

std::vector<std::pair<std::string, std::vector<ComponentDescription>>> components() {
  auto tasks = describe<Tasks>();
  for (auto& task : describe<TokenTasks>()) tasks.push_back(std::move(task));
  auto models = describe<Models<float>>();
  models.push_back({std::string(kSequenceModel), std::string(kSequenceModelSummary)});
  return {{"task", std::move(tasks)},
          {"memory", describe<Memories<float>>()},
          {"kernel", describe<Kernels<float>>()},
          {"rule", rules()},
          {"normalization", describe<Normalizations<float>>()},
          {"model", std::move(models)}};
}

}  // namespace palimpsest
