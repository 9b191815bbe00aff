// What the program says about itself as a whole.
#pragma once

#include <string>

namespace phatgoose {

/// `phatgoose --help`: lines of at most 80 columns.
std::string program_help();

/// The manual page phatgoose(1), in roff.
std::string program_manual();

/// docs/commands.md.
std::string commands_markdown();

}  // namespace phatgoose
