#include "phatgoose/settings/common.h"

namespace phatgoose {

void CommonSettings::declare(OptionSet& set) {
  set.begin_group("Machine");
  set.add("device", &device, "where to compute: cpu, cuda or cuda:N").may_change();
  set.add("dtype", &dtype, "compute type of the frozen weights; default: fp32 on a CPU, bf16 on CUDA")
      .one_of({"fp32", "bf16"});
  set.add("threads", &threads, kThreadsHelp).at_least(0).may_change();
  set.add("seed", &seed, "seed of everything random").at_least(0);
  set.add("log", &log, "how much to say on stderr").one_of({"quiet", "info", "debug"}).may_change();
}

void CommonSettings::resolve() {
  if (dtype) return;
  dtype = device.starts_with("cuda") ? "bf16" : "fp32";
  dtype_by_default = true;
}

LogLevel CommonSettings::log_level() const {
  if (log == "quiet") return LogLevel::quiet;
  return log == "debug" ? LogLevel::debug : LogLevel::info;
}

}  // namespace phatgoose
