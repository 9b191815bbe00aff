#include "phatgoose/train/schedule.h"

#include <algorithm>
#include <cmath>

namespace phatgoose {

double learning_rate(const Schedule& schedule, std::int64_t step) {
  const auto i = static_cast<double>(step);
  const auto warmup = static_cast<double>(schedule.warmup_steps);
  double rate = schedule.peak;
  if (step < schedule.warmup_steps) {
    rate *= i / warmup;
  } else if (schedule.shape == ScheduleShape::inverse_sqrt) {
    rate *= std::sqrt(std::max(warmup, 1.0) / std::max(i, 1.0));
  }
  const std::int64_t remaining = schedule.steps - step;
  if (remaining < schedule.decay_steps) {
    rate *= static_cast<double>(remaining) / static_cast<double>(schedule.decay_steps);
  }
  return rate;
}

std::int64_t ratio_of_steps(double ratio, std::int64_t steps) {
  constexpr double kRounding = 1e-9;
  return static_cast<std::int64_t>(std::floor(ratio * static_cast<double>(steps) + kRounding));
}

}  // namespace phatgoose
