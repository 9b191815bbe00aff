// The settings files of configs/presets, compiled in.
#pragma once

#include <vector>

#include "phatgoose/base/options.h"

namespace phatgoose {

/// All of them, ordered by name.
std::vector<Preset> embedded_presets();

}  // namespace phatgoose
