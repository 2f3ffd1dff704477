#include "palimpsest/train/parts.hpp"

#include <fmt/format.h>

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "palimpsest/train/point.hpp"
#include "train/small.hpp"

namespace palimpsest {
namespace {

/// A point that is over after a few steps, whatever it is made of.
Configuration brief() {
  Configuration c = small("elu", 5, 7);
  c.L = 9;
  c.replacement = true;
  c.rule = "delta";
  c.normalization = "l2";
  c.max_steps = 3;
  c.evaluation_sequences = 3;
  return c;
}

template <class C>
std::string written() {
  return TakesArgument<C> ? fmt::format("{}:2", C::name) : std::string(C::name);
}

/// Every component of every list, by kind, each in a point of which it is the only change.
std::vector<std::pair<std::string, Configuration>> points() {
  std::vector<std::pair<std::string, Configuration>> all;
  const auto add = [&]<class List>(const char* kind, std::string Configuration::*field, List) {
    List::for_each([&]<class C>() {
      Configuration c = brief();
      c.*field = written<C>();
      if (c.kernel == "rff:2" || c.kernel == "tanh" || c.kernel == "identity") c.normalization = "none";
      all.emplace_back(kind, c);
    });
  };
  add("task", &Configuration::task, Tasks());
  add("memory", &Configuration::memory, Memories<float>());
  add("kernel", &Configuration::kernel, Kernels<float>());
  add("rule", &Configuration::rule, Rules<float>());
  add("normalization", &Configuration::normalization, Normalizations<float>());
  add("model", &Configuration::model, Models<float>());
  return all;
}

std::string named(const Configuration& c, const std::string& kind) {
  const std::map<std::string, std::string> all{{"task", c.task},     {"memory", c.memory},
                                               {"kernel", c.kernel}, {"rule", c.rule},
                                               {"model", c.model},   {"normalization", c.normalization}};
  return all.at(kind);
}

TEST(Parts, TheComponentThatAConfigurationNamesIsTheOneThatRuns) {
  for (const auto& [kind, configuration] : points()) {
    SCOPED_TRACE(fmt::format("{} {}", kind, named(configuration, kind)));
    validate(configuration);
    if (reason_to_skip(configuration)) continue;
    const auto ran = run_point(configuration, {}).parts;
    ASSERT_GE(ran.size(), 3u);
    bool found = false;
    for (const auto& [of, component] : ran) {
      EXPECT_EQ(component, named(configuration, of)) << of;
      found |= of == kind;
    }
    EXPECT_TRUE(found);
  }
}

// What a component says of itself could still be said by another: each must also do something of its own.
TEST(Parts, NoTwoComponentsOfAListDoTheSame) {
  std::map<std::string, std::map<double, std::string>> seen;
  for (const auto& [kind, configuration] : points()) {
    if (reason_to_skip(configuration)) continue;
    const Outcome outcome = run_point(configuration, {});
    if (!outcome.train_loss) continue;
    const auto [other, is_new] = seen[kind].emplace(*outcome.train_loss, named(configuration, kind));
    EXPECT_TRUE(is_new) << kind << " " << named(configuration, kind) << " is " << other->second;
  }
  EXPECT_GE(seen.at("kernel").size(), 8u);
  EXPECT_GE(seen.at("rule").size(), 8u);
}

}  // namespace
}  // namespace palimpsest
