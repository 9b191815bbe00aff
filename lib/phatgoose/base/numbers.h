// Numbers for people.
#pragma once

#include <cstdint>
#include <string>

namespace phatgoose {

/// 35389440 as "35,389,440".
std::string grouped(std::int64_t number);

}  // namespace phatgoose
