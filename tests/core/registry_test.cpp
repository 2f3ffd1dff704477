#include "palimpsest/core/registry.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "palimpsest/kernel/all.hpp"
#include "palimpsest/normalization/all.hpp"
#include "palimpsest/pair/all.hpp"
#include "palimpsest/rule/all.hpp"
#include "palimpsest/task/all.hpp"

namespace palimpsest {
namespace {

using testing::AllOf;
using testing::HasSubstr;

struct Plain {
  static constexpr std::string_view name = "plain";
  static constexpr std::string_view summary = "takes nothing";
};

struct Counted {
  static constexpr std::string_view name = "counted";
  static constexpr std::string_view argument = "n";
  static constexpr std::string_view summary = "takes a number";
  int n;
  explicit Counted(int n) : n(n) {
    if (n < 1) throw ConfigurationError(fmt::format("kind 'counted:{}': n must be at least 1", n));
  }
};

using Kinds = TypeList<Plain, Counted>;

std::string error_of(std::string_view specification) {
  try {
    make_component<Kinds>("kind", specification);
  } catch (const ConfigurationError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Registry, MakesAComponentByItsName) {
  EXPECT_TRUE(std::holds_alternative<Plain>(make_component<Kinds>("kind", "plain")));
  EXPECT_EQ(std::get<Counted>(make_component<Kinds>("kind", "counted:12")).n, 12);
}

TEST(Registry, AnUnknownNameIsAnsweredWithTheKnownOnes) {
  for (const char* specification : {"", "plai", "plainer", "Plain", " plain", "count:2", ":3"})
    EXPECT_EQ(error_of(specification), fmt::format("unknown kind '{}'; known: plain, counted:n", specification));
}

TEST(Registry, AMissingOrMalformedArgumentIsAnsweredWithItsForm) {
  for (const char* specification : {"counted", "counted:", "counted:x", "counted:2x", "counted:2.5", "counted: 2",
                                    "counted:+2", "counted:2:3", "counted:99999999999"})
    EXPECT_EQ(error_of(specification),
              fmt::format("kind '{}': 'n' needs an integer, as in 'counted:n'", specification));
}

TEST(Registry, ASurplusArgumentIsAnError) {
  EXPECT_EQ(error_of("plain:2"), "kind 'plain:2': 'plain' takes no argument");
  EXPECT_EQ(error_of("plain:"), "kind 'plain:': 'plain' takes no argument");
}

TEST(Registry, AnArgumentOutOfRangeIsTheComponentsError) {
  EXPECT_EQ(error_of("counted:0"), "kind 'counted:0': n must be at least 1");
  EXPECT_EQ(error_of("counted:-2"), "kind 'counted:-2': n must be at least 1");
}

TEST(Registry, DescribesComponentsInTheOrderOfTheList) {
  const auto all = describe<Kinds>();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].usage, "plain");
  EXPECT_EQ(all[1].usage, "counted:n");
  EXPECT_EQ(all[1].summary, "takes a number");
  EXPECT_EQ(known<Kinds>(), "plain, counted:n");
}

template <class List>
void expect_distinct_names_and_summaries() {
  const auto all = describe<List>();
  EXPECT_FALSE(all.empty());
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_FALSE(all[i].summary.empty()) << all[i].usage;
    for (std::size_t j = 0; j < i; ++j) {
      const auto name = [](const ComponentDescription& c) { return c.usage.substr(0, c.usage.find(':')); };
      EXPECT_NE(name(all[i]), name(all[j]));
    }
  }
}

TEST(Registry, EveryComponentOfTheLibraryHasItsOwnNameAndASummary) {
  expect_distinct_names_and_summaries<Kernels<float>>();
  expect_distinct_names_and_summaries<Rules<float>>();
  expect_distinct_names_and_summaries<Normalizations<float>>();
  expect_distinct_names_and_summaries<Memories<float>>();
  expect_distinct_names_and_summaries<Models<float>>();
  expect_distinct_names_and_summaries<Tasks>();
}

TEST(Registry, EveryKernelIsMadeByItsUsage) {
  Kernels<float>::for_each([]<class K>() {
    const std::string specification = std::string(K::name) + (TakesArgument<K> ? ":3" : "");
    EXPECT_TRUE(std::holds_alternative<K>(make_component<Kernels<float>>("kernel", specification))) << specification;
  });
}

TEST(Registry, AnUnknownKernelIsAnsweredWithTheKnownOnes) {
  try {
    make_component<Kernels<float>>("kernel", "elo");
    FAIL() << "no error";
  } catch (const ConfigurationError& error) {
    EXPECT_THAT(error.what(),
                AllOf(HasSubstr("unknown kernel 'elo'"), HasSubstr("identity"), HasSubstr("elu"), HasSubstr("dpfp:nu"),
                      HasSubstr("favor:m"), HasSubstr("favor_onesided:m"), HasSubstr("relu")));
  }
}

}  // namespace
}  // namespace palimpsest
