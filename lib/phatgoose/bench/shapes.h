// The published shapes of T5 v1.1, by name.
#pragma once

#include <optional>
#include <string>

#include "phatgoose/store/t5_config.h"

namespace phatgoose {

/// "t5-v1.1-small", "-base", "-large", "-xl" or "-xxl" (its head is separate); nothing for any other name.
std::optional<T5Config> named_shape(const std::string& name);

}  // namespace phatgoose
