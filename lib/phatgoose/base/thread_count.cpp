#include "phatgoose/base/thread_count.h"

#include <fmt/format.h>
#include <sched.h>

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <sstream>
#include <thread>

#include "phatgoose/base/log.h"

namespace phatgoose {
namespace {

constexpr int kNoLimit = std::numeric_limits<int>::max();

/// Cores that `quota` microseconds of every `period` are worth, rounded up.
int cores_of(double quota, double period) {
  if (!(quota > 0 && period > 0)) return kNoLimit;
  return static_cast<int>(std::min(std::ceil(quota / period), 1e6));
}

/// The first line of cpu.max (version 2): "QUOTA PERIOD", or "max PERIOD" without a limit.
int limit_of_group_v2(const fs::path& group) {
  std::ifstream file(group / "cpu.max");
  double quota = 0, period = 0;
  return file >> quota >> period ? cores_of(quota, period) : kNoLimit;
}

/// Version 1 has a file for either number; the quota is -1 without a limit.
int limit_of_group_v1(const fs::path& group) {
  std::ifstream quota_file(group / "cpu.cfs_quota_us"), period_file(group / "cpu.cfs_period_us");
  double quota = 0, period = 0;
  return quota_file >> quota && period_file >> period ? cores_of(quota, period) : kNoLimit;
}

/// The smallest limit of the group `path` below `mount` and of all groups that it is in. In a container the path may be
/// that of the host, of which nothing is to be seen but the container's own group, at the mount point.
template <typename Limit>
int limit_along(const fs::path& mount, const std::string& path, Limit limit_of) {
  int limit = limit_of(mount);
  fs::path group = mount;
  for (const fs::path& part : fs::path(path).relative_path()) {
    if (part == "..") break;
    limit = std::min(limit, limit_of(group /= part));
  }
  return limit;
}

/// "a,b" has "b".
bool lists(const std::string& names, const std::string& name) {
  return fmt::format(",{},", names).find(fmt::format(",{},", name)) != std::string::npos;
}

/// Lines of /proc/self/cgroup are NUMBER:CONTROLLERS:PATH; version 2 has one, 0::PATH. See cgroups(7).
int limit_of_cgroups(const ThreadLimits& limits) {
  int limit = kNoLimit;
  std::istringstream lines(limits.cgroups);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == line.npos || second == line.npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1), path = line.substr(second + 1);
    if (controllers.empty()) {
      limit = std::min(limit, limit_along(limits.cgroup_mount, path, limit_of_group_v2));
    } else if (lists(controllers, "cpu")) {
      const fs::path together = limits.cgroup_mount / controllers;
      const fs::path mount = fs::exists(together) ? together : limits.cgroup_mount / "cpu";
      limit = std::min(limit, limit_along(mount, path, limit_of_group_v1));
    }
  }
  return limit;
}

/// A number of at least 1 at the start of the text, which ends there or goes on with a comma.
std::optional<int> first_number(const std::string& text) {
  int number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || number < 1 || (stop != end && *stop != ',')) return std::nullopt;
  return number;
}

std::optional<std::string> variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr || *value == '\0' ? std::nullopt : std::optional<std::string>(value);
}

int cores_of_affinity() {
  // The mask of a machine with more cores than cpu_set_t has room for cannot be read this way; then all cores count.
  cpu_set_t mask;
  if (::sched_getaffinity(0, sizeof mask, &mask) == 0) return CPU_COUNT(&mask);
  return static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

ThreadLimits limits_of_this_process() {
  std::ifstream file("/proc/self/cgroup");
  return {.affinity = cores_of_affinity(),
          .cgroups = {std::istreambuf_iterator<char>(file), {}},
          .slurm = variable("SLURM_CPUS_PER_TASK"),
          .omp = variable("OMP_NUM_THREADS")};
}

}  // namespace

ThreadCount thread_count(const ThreadLimits& limits) {
  ThreadCount best{limits.affinity, "cores of this process"};
  const auto offer = [&](int count, const char* reason) {
    if (count >= best.count) return;
    best.count = count;
    best.reason = reason;
  };
  const auto offer_variable = [&](const char* name, const std::optional<std::string>& value) {
    if (!value) return;
    if (const std::optional<int> number = first_number(*value)) return offer(*number, name);
    best.ignored.push_back(fmt::format("{} is \"{}\"", name, *value));
  };
  offer(limit_of_cgroups(limits), "CPU limit of the control group");
  offer_variable("SLURM_CPUS_PER_TASK", limits.slurm);
  offer_variable("OMP_NUM_THREADS", limits.omp);
  return best;
}

ThreadCount resolve_threads(std::int64_t asked) {
  if (asked > 0) return {static_cast<int>(asked), "--threads"};
  ThreadCount found = thread_count(limits_of_this_process());
  for (const std::string& ignored : found.ignored) log_warning(ignored + ", which is no number of threads: ignored");
  return found;
}

}  // namespace phatgoose
