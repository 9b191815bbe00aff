// What --help, the manual pages and docs/commands.md say about options: the same lines, each laid out its own way.
#pragma once

#include <string>
#include <vector>

#include "phatgoose/base/options.h"

namespace phatgoose {

struct OptionLine {
  std::string typed;    ///< "--steps INTEGER"
  std::string meaning;  ///< "updates of the parameters; an integer of at least 1 (default: 1000)"
};

struct OptionGroup {
  std::string name;
  std::vector<OptionLine> lines;
};

/// All options of a command, the general ones last; groups stand in the order of their first option.
std::vector<OptionGroup> option_groups(const OptionSet& set);

/// "phatgoose eval", "--model DIR", ..., "[OPTIONS]": the pieces of a usage line.
std::vector<std::string> usage_pieces(const OptionSet& set);

}  // namespace phatgoose
