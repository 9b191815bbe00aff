// How much main memory a process may still take.
#pragma once

#include <cstdint>
#include <optional>

#include "phatgoose/base/files.h"

namespace phatgoose {

/// Where the system tells. Tests make their own.
struct MemoryFiles {
  fs::path meminfo = "/proc/meminfo";
  fs::path cgroup = "/sys/fs/cgroup";  ///< of version 2: memory.max and memory.current
};

/// Bytes that are available, the smaller of what the machine has and what the control group leaves; nothing where the
/// system does not tell.
std::optional<std::int64_t> available_memory(const MemoryFiles& files = {});

}  // namespace phatgoose
