// What the module paths of an expert tell about its base.
#pragma once

#include <set>
#include <string>

#include "phatgoose/store/t5_config.h"

namespace phatgoose {

/// The fewest blocks, and the feed-forward, of a T5 that has the linears `paths`; its sizes are not known. A stack that
/// none of them lies in has no block.
T5Config smallest_base(const std::set<std::string>& paths);

/// The last part of a module path: "q", "wo", ...
std::string last_name(const std::string& path);

}  // namespace phatgoose
