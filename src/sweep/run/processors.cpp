#include "palimpsest/sweep/run/processors.hpp"

#include <fmt/format.h>
#include <omp.h>
#include <pthread.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include "palimpsest/core/types.hpp"

namespace palimpsest::sweep {
namespace {

using Path = std::filesystem::path;

/// The numbers in a file, up to the first thing that is none, such as `max`.
std::vector<double> numbers(const Path& path) {
  std::ifstream file(path);
  std::vector<double> all;
  for (double number; file >> number;) all.push_back(number);
  return all;
}

std::optional<double> quota_of(const Path& group) {
  const auto both = numbers(group / "cpu.max");
  const auto quota = numbers(group / "cpu.cfs_quota_us"), period = numbers(group / "cpu.cfs_period_us");
  if (both.size() == 2 && both[0] > 0 && both[1] > 0) return both[0] / both[1];
  if (quota.size() == 1 && period.size() == 1 && quota[0] > 0 && period[0] > 0) return quota[0] / period[0];
  return std::nullopt;
}

/// Where the hierarchy of a line's controllers may be mounted: none are named for version 2.
std::vector<Path> mounts(const Path& cgroups, const std::string& controllers) {
  if (controllers.empty()) return {cgroups, cgroups / "unified"};
  std::istringstream names(controllers);
  for (std::string name; std::getline(names, name, ',');)
    if (name == "cpu") return {cgroups / controllers, cgroups / "cpu"};
  return {};
}

}  // namespace

std::optional<double> processor_quota(const Path& root) {
  std::optional<double> least;
  std::ifstream file(root / "proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {  // hierarchy:controllers:path
    const auto first = line.find(':'), second = line.find(':', first + 1);
    if (first == line.npos || second == line.npos) continue;
    const auto group = Path(line.substr(second + 1)).lexically_normal().relative_path();
    for (const auto& mount : mounts(root / "sys/fs/cgroup", line.substr(first + 1, second - first - 1)))
      for (auto path = group;; path = path.parent_path()) {
        if (const auto quota = quota_of(mount / path)) least = std::min(least.value_or(*quota), *quota);
        if (path.empty()) break;
      }
  }
  return least;
}

int default_threads() {
  const int most = std::min({omp_get_num_procs(), omp_get_max_threads(), omp_get_thread_limit()});
  return std::clamp(static_cast<int>(std::ceil(std::min(processor_quota().value_or(most), double(most)))), 1, most);
}

void require_stacks(int threads) {
  std::size_t least = std::numeric_limits<std::size_t>::max();
#pragma omp parallel num_threads(threads) reduction(min : least)
  {
    pthread_attr_t attributes;
    if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
      void* address;
      pthread_attr_getstack(&attributes, &address, &least);
      pthread_attr_destroy(&attributes);
    }
  }
  if (least < kStackNeeded)
    throw ConfigurationError(
        fmt::format("a thread's stack of {} KiB: allowed is {} KiB or more; see OMP_STACKSIZE and "
                    "'ulimit -s'",
                    least >> 10, kStackNeeded >> 10));
}

}  // namespace palimpsest::sweep
