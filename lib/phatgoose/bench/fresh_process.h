// Running another program, to measure how long a cold start takes.
#pragma once

#include <string>
#include <vector>

#include "phatgoose/base/files.h"

namespace phatgoose {

/// Runs `program` to its end with stdout discarded; cannot_finish unless it ends with 0.
void run_fresh_process(const fs::path& program, std::vector<std::string> arguments);

}  // namespace phatgoose
