// The examples that end the help of each command.
#pragma once

#include <string>
#include <vector>

namespace phatgoose {

/// Shell commands that run one after the other, in the order of all_commands(), in a directory with the shipped assets.
std::vector<std::string> examples_of(const std::string& command);

}  // namespace phatgoose
