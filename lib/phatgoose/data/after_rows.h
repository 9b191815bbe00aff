// How long work on rows tells how far it is.
#pragma once

#include <cstdint>
#include <functional>

namespace phatgoose {

/// Called after each pass with the number of rows that are done; what it throws ends the work.
using AfterRows = std::function<void(std::int64_t rows)>;

inline const AfterRows kNobodyAsks = [](std::int64_t) {};

}  // namespace phatgoose
