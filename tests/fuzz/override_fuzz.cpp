// Lines of `set NAME=VALUE` and `axis NAME=VALUES`, as the command line gives them, on a sweep of three groups; and
// `shard i/n`.
#include "fuzz/planned.hpp"
#include "palimpsest/sweep/plan/shard.hpp"

namespace {

constexpr auto kSweep = R"(
[baseline]
L = "S"
[axes]
S = "20:60:20"
[[group]]
memory = "softmax"
[[group]]
axes.kernel = ["elu", "dpfp:1"]
[[group]]
redraw = "every_step"
axes.kernel = ["favor:64", "favor:128"]
)";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace palimpsest;
  static const auto declared = sweep::parse_specification(kSweep, "declared");
  auto specification = declared;
  const bool taken = fuzz::accepts([&] {
    std::vector<sweep::Override> overrides;
    for (auto rest = fuzz::text(data, size); !rest.empty();) {
      const auto line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(line.size() + 1, rest.size()));
      if (line.starts_with("set "))
        overrides.push_back(sweep::parse_override(sweep::Override::set, line.substr(4)));
      else if (line.starts_with("shard "))
        sweep::parse_shard(line.substr(6));
      else
        overrides.push_back(
            sweep::parse_override(sweep::Override::axis, line.substr(line.starts_with("axis ") ? 5 : 0)));
    }
    sweep::apply(std::move(overrides), specification);
  });
  if (taken) fuzz::plan_it(specification);
  return 0;
}
