// Completion of the command line, for the shells.
#pragma once

#include <string>
#include <vector>

namespace phatgoose {

/// The shells that completion_script() knows.
std::vector<std::string> completion_shells();

/// The script that completes commands, options, choices and paths in `shell`, one of completion_shells().
std::string completion_script(const std::string& shell);

}  // namespace phatgoose
