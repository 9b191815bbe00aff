// target_modules of an adapter_config.json that is written.
#pragma once

#include <set>
#include <string>
#include <vector>

namespace phatgoose {

/// Short names ("q", "wo", ...) where `paths` are all linears with these names, in both stacks of the base as far as it
/// is known, otherwise every module path. `base_linears` are the paths of all linears of the base; without them, the
/// base is taken for the smallest one that has `paths`.
std::set<std::string> target_modules(const std::set<std::string>& paths, const std::vector<std::string>& base_linears);

}  // namespace phatgoose
