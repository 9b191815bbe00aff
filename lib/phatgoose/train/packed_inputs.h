// The inputs of some examples as one batch, with what adapters ask of rows.
#pragma once

#include <cstdint>
#include <span>

#include "phatgoose/data/records.h"
#include "phatgoose/nn/packing.h"

namespace phatgoose {

/// The inputs of the examples numbered `rows`, with their tasks and, as places, these numbers.
PackedIds pack_inputs(std::span<const Example> examples, std::span<const std::int64_t> rows, at::Device device);

}  // namespace phatgoose
