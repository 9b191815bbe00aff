// Settings that every computing command shares.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "phatgoose/base/log.h"
#include "phatgoose/base/options.h"

namespace phatgoose {

constexpr const char* kThreadsHelp =
    "CPU threads; 0: one for each core that the process may use, fewer where a CPU limit of its control group, "
    "SLURM_CPUS_PER_TASK or OMP_NUM_THREADS says so";

struct CommonSettings {
  std::string device = "cpu";
  std::optional<std::string> dtype;  ///< "fp32" or "bf16"; set by resolve() where the user named none
  bool dtype_by_default = false;     ///< whether it was
  std::int64_t threads = 0;          ///< 0: resolve_threads (base/thread_count.h) decides
  std::int64_t seed = 0;
  std::string log = "info";

  void declare(OptionSet& set);
  /// Fills in the compute type: bf16 on CUDA, as in the PHATGOOSE paper, and fp32 on every CPU, whatever it is fast at,
  /// so that the same command gives the same answer everywhere. Manifests and results then name the type.
  void resolve();
  /// `log` as the level that it names.
  LogLevel log_level() const;
};

}  // namespace phatgoose
