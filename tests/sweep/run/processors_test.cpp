#include "palimpsest/sweep/run/processors.hpp"

#include <gtest/gtest.h>
#include <omp.h>

#include "sweep/scratch.hpp"

namespace palimpsest::sweep {
namespace {

class Quota : public testing::Test {
 protected:
  void file(const std::filesystem::path& path, std::string_view text) const {
    std::filesystem::create_directories((scratch / path).parent_path());
    write(scratch / path, text);
  }
  std::optional<double> quota() const { return processor_quota(scratch / ""); }

  Scratch scratch;
};

TEST_F(Quota, IsNoneWhereNothingLimits) {
  EXPECT_EQ(quota(), std::nullopt) << "no control groups at all";
  file("proc/self/cgroup", "0::/\n");
  EXPECT_EQ(quota(), std::nullopt);
  file("sys/fs/cgroup/cpu.max", "max 100000\n");
  EXPECT_EQ(quota(), std::nullopt);
}

TEST_F(Quota, OfVersion2IsTheLeastUpToTheRoot) {
  file("proc/self/cgroup", "0::/batch/job7/step\n");
  file("sys/fs/cgroup/batch/job7/step/cpu.max", "max 100000\n");
  file("sys/fs/cgroup/batch/job7/cpu.max", "250000 100000\n");
  file("sys/fs/cgroup/batch/cpu.max", "400000 100000\n");
  file("sys/fs/cgroup/other/cpu.max", "1000 100000\n");
  EXPECT_EQ(quota(), 2.5);
  file("sys/fs/cgroup/batch/cpu.max", "60000 50000\n");
  EXPECT_EQ(quota(), 1.2);
  file("sys/fs/cgroup/cpu.max", "50000 100000\n");
  EXPECT_EQ(quota(), 0.5);
}

TEST_F(Quota, OfVersion1IsThatOfTheProcessorController) {
  file("proc/self/cgroup", "5:memory:/docker/1\n4:cpu,cpuacct:/docker/1\n3:cpuset:/docker/1\n");
  file("sys/fs/cgroup/cpu,cpuacct/docker/1/cpu.cfs_period_us", "100000\n");
  file("sys/fs/cgroup/cpu,cpuacct/docker/1/cpu.cfs_quota_us", "-1\n");
  file("sys/fs/cgroup/cpuset/docker/1/cpu.cfs_quota_us", "1000\n");
  file("sys/fs/cgroup/cpuset/docker/1/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(quota(), std::nullopt);
  file("sys/fs/cgroup/cpu,cpuacct/docker/1/cpu.cfs_quota_us", "300000\n");
  EXPECT_EQ(quota(), 3);
}

TEST_F(Quota, IsFoundWhereAContainerSeesItsGroupAsTheTopmost) {
  file("proc/self/cgroup",
       "1:cpuacct,cpu:/docker/1\n0::/../sibling\n");  // paths of the host, which aren't mounted here
  file("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  file("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "150000\n");
  EXPECT_EQ(quota(), 1.5);
  file("sys/fs/cgroup/cpu.max", "75000 100000\n");
  EXPECT_EQ(quota(), 0.75);
}

TEST_F(Quota, IgnoresWhatIsMalformed) {
  file("proc/self/cgroup", "nonsense\n0:\n0::/a\n");
  file("sys/fs/cgroup/a/cpu.max", "100000\n");
  file("sys/fs/cgroup/cpu.max", "0 0\n");
  EXPECT_EQ(quota(), std::nullopt);
}

TEST(DefaultThreads, AreNoMoreThanOpenMpIsToldToUse) {
  const int before = omp_get_max_threads();
  omp_set_num_threads(1);  // as OMP_NUM_THREADS=1 does
  EXPECT_EQ(default_threads(), 1);
  omp_set_num_threads(1000);
  EXPECT_LE(default_threads(), omp_get_num_procs());
  EXPECT_GE(default_threads(), 1);
  omp_set_num_threads(before);
}

TEST(Stacks, OfOrdinaryThreadsAreLargeEnough) { EXPECT_NO_THROW(require_stacks(3)); }

}  // namespace
}  // namespace palimpsest::sweep
