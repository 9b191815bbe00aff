// inspect of a folder of experts, results or comparisons: tables of them.
#pragma once

#include <string>

#include "phatgoose/base/json.h"

namespace phatgoose {

/// For people: of {"directories": [what inspect_directory() says of each]} a table of the experts, of the modular
/// adapters, of the results and of the comparisons' methods, then the directories of other kinds.
std::string folder_text(const Json& folder);

}  // namespace phatgoose
