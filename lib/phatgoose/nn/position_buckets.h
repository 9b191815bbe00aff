// Which distances share an entry of a table of relative positions.
#pragma once

#include <cstdint>

namespace phatgoose {

/// Near distances have a bucket each, farther ones share them logarithmically, all from `max_distance` on the last.
struct PositionBuckets {
  std::int64_t count;
  std::int64_t max_distance;
};

}  // namespace phatgoose
