// inspect of a folder of experts, results or comparisons: one entry for each, and tables of them.
#pragma once

#include <string>
#include <vector>

#include "phatgoose/base/files.h"
#include "phatgoose/base/json.h"

namespace phatgoose {

/// The sub-directories that inspect_directory() knows, by name; others are left out.
std::vector<fs::path> known_directories(const fs::path& folder);

/// For people: of {"directories": [what inspect_directory() says of each]} a table of the experts, of the results and
/// of the comparisons' methods, then the directories of other kinds.
std::string folder_text(const Json& folder);

}  // namespace phatgoose
