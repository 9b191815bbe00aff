// The number of threads that a process may use, from fake control groups and variables.
#include "phatgoose/base/thread_count.h"

#include <sched.h>

#include <catch2/catch.hpp>

#include "support/scratch_directory.h"

using namespace phatgoose;
using phatgoose::test::ScratchDirectory;
using phatgoose::test::write_text;

namespace {

/// A machine of 16 cores without control groups.
ThreadLimits sixteen_cores() {
  ThreadLimits limits;
  limits.affinity = 16;
  limits.cgroup_mount = "/no/such/directory";
  return limits;
}

int count_of(const ThreadLimits& limits) { return thread_count(limits).count; }

}  // namespace

TEST_CASE("without other limits there is a thread for each core of the affinity") {
  const ThreadCount found = thread_count(sixteen_cores());
  CHECK(found.count == 16);
  CHECK(found.reason == "cores of this process");
  CHECK(found.ignored.empty());
}

TEST_CASE("the CPU limit of version 2 is rounded up, and those of the groups around count too") {
  const ScratchDirectory mount;
  ThreadLimits limits = sixteen_cores();
  limits.cgroup_mount = mount.path();
  limits.cgroups = "0::/user/job\n";
  write_text(mount / "user/cpu.max", "max 100000\n");
  write_text(mount / "user/job/cpu.max", "max 100000\n");
  CHECK(count_of(limits) == 16);
  write_text(mount / "user/job/cpu.max", "250000 100000\n");
  CHECK(count_of(limits) == 3);
  CHECK(thread_count(limits).reason == "CPU limit of the control group");
  write_text(mount / "user/cpu.max", "50000 100000\n");
  CHECK(count_of(limits) == 1);
}

TEST_CASE("in a container the limit is at the mount point, whatever path the host has for the group") {
  const ScratchDirectory mount;
  ThreadLimits limits = sixteen_cores();
  limits.cgroup_mount = mount.path();
  write_text(mount / "cpu.max", "400000 100000\n");
  for (const char* path : {"0::/\n", "0::/docker/4711\n", "0::/../../job\n"}) {
    limits.cgroups = path;
    CHECK(count_of(limits) == 4);
  }
}

TEST_CASE("the CPU limit of version 1 is read where its controller is mounted") {
  for (const std::string controller : {"cpu", "cpu,cpuacct"}) {
    const ScratchDirectory mount;
    ThreadLimits limits = sixteen_cores();
    limits.cgroup_mount = mount.path();
    limits.cgroups = "5:memory:/other\n4:" + controller + ":/job\n3:cpuset:/\n0::/\n";
    write_text(mount.path() / controller / "cpu.cfs_quota_us", "-1\n");
    write_text(mount.path() / controller / "cpu.cfs_period_us", "100000\n");
    CHECK(count_of(limits) == 16);
    write_text(mount.path() / controller / "job/cpu.cfs_quota_us", "600000\n");
    write_text(mount.path() / controller / "job/cpu.cfs_period_us", "100000\n");
    CHECK(count_of(limits) == 6);
  }
}

TEST_CASE("the variables lower the number and never raise it, the smallest counts") {
  ThreadLimits limits = sixteen_cores();
  limits.slurm.emplace("32");
  CHECK(count_of(limits) == 16);
  limits.slurm.emplace("8");
  CHECK(thread_count(limits).reason == "SLURM_CPUS_PER_TASK");
  CHECK(count_of(limits) == 8);
  limits.omp.emplace("12");
  CHECK(count_of(limits) == 8);
  limits.omp.emplace("2,1");
  CHECK(count_of(limits) == 2);
  CHECK(thread_count(limits).reason == "OMP_NUM_THREADS");
}

TEST_CASE("variables that are no number of threads are ignored by name") {
  for (const char* value : {"many", "0", "-2", "4x", "2.5", " 3", "99999999999999999999"}) {
    ThreadLimits limits = sixteen_cores();
    limits.omp = value;
    limits.slurm.emplace("8");
    const ThreadCount found = thread_count(limits);
    CHECK(found.count == 8);
    CHECK(found.ignored == std::vector<std::string>{"OMP_NUM_THREADS is \"" + std::string(value) + "\""});
  }
}

TEST_CASE("what the user asks for is used, and otherwise what this process is bound to") {
  CHECK(resolve_threads(37).count == 37);
  CHECK(resolve_threads(37).reason == "--threads");
  cpu_set_t before, one;
  REQUIRE(::sched_getaffinity(0, sizeof before, &before) == 0);
  CPU_ZERO(&one);
  for (int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++cpu) {
    if (CPU_ISSET(cpu, &before)) CPU_SET(cpu, &one);
  }
  REQUIRE(::sched_setaffinity(0, sizeof one, &one) == 0);
  CHECK(resolve_threads(0).count == 1);
  REQUIRE(::sched_setaffinity(0, sizeof before, &before) == 0);
}
