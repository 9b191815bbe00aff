// How many threads a process should compute with, where its user names no number.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "phatgoose/base/files.h"

namespace phatgoose {

/// What limits a process. Tests make their own.
struct ThreadLimits {
  int affinity = 1;                          ///< cores that the scheduler lets it use
  std::string cgroups{};                     ///< its control groups, as /proc/self/cgroup names them
  fs::path cgroup_mount = "/sys/fs/cgroup";  ///< where control groups are mounted, of version 1 or 2
  std::optional<std::string> slurm{};        ///< SLURM_CPUS_PER_TASK
  std::optional<std::string> omp{};          ///< OMP_NUM_THREADS; of a list the first number counts
};

struct ThreadCount {
  int count = 1;
  std::string reason;                  ///< which limit decided, e.g. "SLURM_CPUS_PER_TASK"
  std::vector<std::string> ignored{};  ///< "NAME is \"VALUE\"" of variables that are no number of threads
};

/// The smallest of the limits, of equal ones the first: affinity, the CPU limit of the control groups (rounded up),
/// then what the user says in the two variables.
ThreadCount thread_count(const ThreadLimits& limits);

/// The number of threads for --threads `asked`: that many, or with 0 what the limits of this process allow. Warns of
/// variables that are ignored.
ThreadCount resolve_threads(std::int64_t asked);

}  // namespace phatgoose
