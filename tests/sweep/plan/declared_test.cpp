#include "palimpsest/sweep/plan/declared.hpp"

#include <gtest/gtest.h>

namespace palimpsest::sweep {
namespace {

TEST(DeclaredDirectory, IsBesideAnInstalledProgram) {
  const auto own = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  EXPECT_EQ(declared_directory("../" + own.filename().string(), "/source/bench"), own);
}

TEST(DeclaredDirectory, IsTheSourcesWhereNothingIsInstalled) {
  EXPECT_EQ(declared_directory("../no/such/directory", "/source/bench"), "/source/bench");
}

TEST(DeclaredDirectory, IsNoFile) {
  const auto own = std::filesystem::read_symlink("/proc/self/exe").filename();
  EXPECT_EQ(declared_directory(own, "/source/bench"), "/source/bench");
}

}  // namespace
}  // namespace palimpsest::sweep
