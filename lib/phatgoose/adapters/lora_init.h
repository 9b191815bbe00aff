// Where training starts (METHODS 3.1): A ~ N(0, 0.01^2), B = 0.
#pragma once

#include <cstdint>

#include "phatgoose/adapters/lora.h"

namespace phatgoose {

/// Fills A with normal numbers of standard deviation 0.01. Each linear draws from its own stream, named by the seed and
/// its module path, so that neither the order of the linears nor their grouping matters.
void initialise_lora(LoraParameters& parameters, std::uint64_t seed);

}  // namespace phatgoose
