// The suites that come with the program, by name.
#pragma once

#include <string>

#include "phatgoose/base/files.h"

namespace phatgoose {

/// The file that --suite names: a path, or the bare name of a shipped suite ("held-in": no slash, no dot), which is
/// assets/suites/NAME.yaml of the data directory. An unknown name: usage error that lists them.
fs::path suite_file(const std::string& name);

}  // namespace phatgoose
