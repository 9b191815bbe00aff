#pragma once

namespace phatgoose {

/// "0.1.0", from CMake.
const char* version();

}  // namespace phatgoose
