// The temperature of routes in training (METHODS 8).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace phatgoose {

struct TemperatureSchedule {
  double start = 2, rate = 3e-4, floor = 0.1;
};

/// After `step` updates: max(start exp(-rate step), floor).
inline double temperature_at(const TemperatureSchedule& schedule, std::int64_t step) {
  return std::max(schedule.start * std::exp(-schedule.rate * static_cast<double>(step)), schedule.floor);
}

}  // namespace phatgoose
