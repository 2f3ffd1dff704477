// A component's specification, `name` or `name:argument`, of every kind; and of those of a whole point, one a line.
#include "fuzz/expect.hpp"
#include "palimpsest/kernel/all.hpp"
#include "palimpsest/normalization/all.hpp"
#include "palimpsest/rule/all.hpp"
#include "palimpsest/train/configuration.hpp"
#include "palimpsest/train/operations.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace palimpsest;
  const auto specification = fuzz::text(data, size);
  fuzz::accepts([&] {
    const auto kernel = make_component<Kernels<float>>("kernel", specification);
    std::visit([](const auto& k) { fuzz::demand(k.feature_dim(64) >= 1, "a kernel without features"); }, kernel);
  });
  fuzz::accepts([&] { make_component<Rules<float>>("rule", specification); });
  fuzz::accepts([&] { make_component<Normalizations<float>>("normalization", specification); });
  fuzz::accepts([&] { fuzz::demand(redraw_interval(std::string(specification)) >= 0, "a negative interval"); });

  Configuration configuration;
  auto rest = specification;
  for (auto* field : {&configuration.kernel, &configuration.rule, &configuration.normalization, &configuration.memory,
                      &configuration.model, &configuration.redraw, &configuration.scale}) {
    const auto line = rest.substr(0, rest.find('\n'));
    if (!line.empty()) *field = line;
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
  }
  if (fuzz::accepts([&] { validate(configuration); })) {
    if (const auto reason = reason_to_skip(configuration)) fuzz::demand_one_line(*reason);
    fuzz::demand(cost_estimate(configuration) > 0, "a point free of cost");
    for (const auto* parameter : {"kernel", "rule", "redraw", "scale", "S"}) applies(parameter, configuration);
  }
  return 0;
}
