// Whether the factors of several experts have a mean (METHODS 4: merged, factors; mixed parameters).
#pragma once

#include <span>

#include "phatgoose/store/expert_directory.h"

namespace phatgoose {

/// Refuses experts of unequal ranks, scales or adapted linears, naming two of them and what differs: bad_data.
void check_alike(std::span<const ExpertDirectory> experts);

}  // namespace phatgoose
