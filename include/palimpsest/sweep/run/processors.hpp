// How many threads a sweep has by default, and whether they have room to run points.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>

namespace palimpsest::sweep {

/// Processors' worth of time that the control groups of this process allow it, 1.5 for one and a half; empty if there
/// is no limit. The least along its path counts: `cpu.max` of version 2, cpu.cfs_quota_us by cpu.cfs_period_us of
/// version 1. `root` is where /proc and /sys are found. A container may see its own group as the topmost one, or a path
/// that it has not. Source: the Linux kernel's Documentation/admin-guide/cgroup-v2.rst and scheduler/sched-bwc.rst.
std::optional<double> processor_quota(const std::filesystem::path& root = "/");

/// As many as this process may use processors: those that it may run on, no more than OMP_NUM_THREADS and
/// OMP_THREAD_LIMIT say, and no more than its quota, rounded up.
int default_threads();

/// What training needs of a thread's stack: a product of matrices has up to two temporaries of 128 KiB there (Eigen's
/// limit), and with all rules, kernels and sizes points of all kinds ran with 288 KiB, and not with 224.
inline constexpr std::size_t kStackNeeded = 512 << 10;

/// Throws ConfigurationError unless each of so many threads has that much, which OMP_STACKSIZE or `ulimit -s` may deny.
void require_stacks(int threads);

}  // namespace palimpsest::sweep
