// timing.jsonl of a run: how long every step took, and how much memory. It is next to metrics.jsonl, which holds
// nothing that depends on the clock, so that a resumed run writes the same bytes there as one that was never stopped.
#pragma once

#include <ATen/core/Tensor.h>

#include <chrono>
#include <cstdint>

#include "phatgoose/train/metrics_log.h"

namespace phatgoose {

class TimingLog {
 public:
  /// Appends to `path`; times count from now on. `device` is where the model is.
  TimingLog(const fs::path& path, at::Device device);

  void begin_step();
  /// Writes the line of step `step`, which had so many input and target tokens.
  void end_step(std::int64_t step, std::int64_t tokens);

 private:
  using Clock = std::chrono::steady_clock;

  MetricsLog log_;
  at::Device device_;
  Clock::time_point began_, step_began_;
};

}  // namespace phatgoose
