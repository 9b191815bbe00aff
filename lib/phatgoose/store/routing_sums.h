// Files of routing statistics (docs/formats.md, Results) added up: parts of one task, and tasks side by side.
#pragma once

#include <vector>

#include "phatgoose/base/files.h"

namespace phatgoose {

/// Writes one file with every tensor of `parts`, F64 or I64; those of the same name are added, element by element. The
/// metadata, which name the axes, must be the same in all: bad_data otherwise, and for tensors of one name that do not
/// fit. The sums are exact, whatever the order, for what RoutingStatistics counts.
void add_routing(const fs::path& path, const std::vector<fs::path>& parts);

}  // namespace phatgoose
