// The learning rate of every step (METHODS 3.1): linear warm-up, then constant or inverse square root, then an optional
// linear decay to zero over the last steps.
#pragma once

#include <cstdint>

namespace phatgoose {

enum class ScheduleShape { constant, inverse_sqrt };

struct Schedule {
  double peak = 5e-3;  ///< learning rate at the end of the warm-up
  std::int64_t steps = 1000;
  std::int64_t warmup_steps = 60;  ///< 0: no warm-up
  ScheduleShape shape = ScheduleShape::constant;
  std::int64_t decay_steps = 0;  ///< the last steps, over which the rate falls linearly to zero; 0: no decay
};

/// The rate of 0-based step i: peak * min(1, i / warmup_steps), so that the first step has rate 0; after the warm-up
/// constant, or peak * sqrt(warmup_steps / i); times (steps - i) / decay_steps within the last decay_steps.
double learning_rate(const Schedule& schedule, std::int64_t step);

/// floor(ratio * steps), unharmed by the rounding of products such as 0.29 * 100.
std::int64_t ratio_of_steps(double ratio, std::int64_t steps);

}  // namespace phatgoose
