// What two pieces of work take, side by side.
#pragma once

#include <cstdint>
#include <functional>

#include "phatgoose/bench/memory.h"
#include "phatgoose/bench/timing.h"

namespace phatgoose {

struct PairCost {
  PairSeconds seconds;
  std::int64_t first_bytes, second_bytes;  ///< peak_bytes_of() of one call

  double times_as_long() const { return seconds.second / seconds.first; }
  double times_the_memory() const { return static_cast<double>(second_bytes) / static_cast<double>(first_bytes); }
};

inline PairCost cost_of_pair(std::int64_t repeats, const std::function<void()>& first,
                             const std::function<void()>& second) {
  const PairSeconds seconds = alternating_seconds(repeats, first, second);
  return {seconds, peak_bytes_of(first), peak_bytes_of(second)};
}

}  // namespace phatgoose
