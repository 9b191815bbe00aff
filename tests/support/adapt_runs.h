// Tiny runs of `adapt`, to task "choose".
#pragma once

#include <optional>
#include <string>

#include "phatgoose/jobs/adapt_job.h"
#include "support/modular_runs.h"

namespace phatgoose::test {

inline AdaptSettings settings_of(const ModularRuns& runs, const std::string& out) {
  AdaptSettings settings;
  settings.model = runs / "base";
  settings.out = runs / out;
  settings.suite = runs / "suite.yaml";
  settings.tasks = {"choose"};
  settings.shots = {"2"};
  settings.training.steps = 3;
  settings.training.batch = 2;
  settings.training.warmup_ratio = 0;
  settings.training.scale_parameter = false;
  settings.common.dtype = "fp32";
  settings.common.log = "quiet";
  return settings;
}

inline std::optional<Adapted> run(const AdaptSettings& settings) {
  return adapt_to_tasks(settings, at::kCPU, at::kFloat);
}

/// Where the run of task "choose" is.
inline fs::path run_of(const AdaptSettings& settings, const std::string& rest) {
  return fs::path(settings.out) / "choose" / rest;
}

}  // namespace phatgoose::test
