// A specification that was read, taken as far as a sweep takes it before anything is run.
#pragma once

#include "fuzz/expect.hpp"
#include "palimpsest/sweep/plan/plan.hpp"

namespace palimpsest::fuzz {

/// Describes it and, unless it has very many points, plans it; one that can be run is written out and read back.
inline void plan_it(const sweep::Specification& specification) {
  constexpr std::size_t many = 200;
  std::size_t points = 0;
  for (const auto& group : specification.groups) {
    std::size_t product = 1;
    for (const auto& values : group) product = std::min(many, product * values.size());
    points += product;
    demand(sweep::describe(group).find('\n') == std::string::npos, "a description of more than one line");
  }
  if (points >= many) return;
  accepts([&] {
    for (const auto& point : sweep::plan(specification)) {
      demand(!sweep::label(point).empty() && !sweep::short_name(point.key).empty(), "a point without a name");
      demand(point.skip ? !point.skip->empty() : point.cost > 0, "a point without a reason, or free of cost");
    }
    const auto toml = sweep::to_toml(specification);
    demand(sweep::parse_specification(toml, "written") == specification, "to_toml is read back as something else");
  });
}

}  // namespace palimpsest::fuzz
