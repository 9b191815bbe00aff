// Where the files that come with the program are: assets, suites, settings, scripts.
#pragma once

#include "phatgoose/base/files.h"

namespace phatgoose {

/// The directory of the running program, links followed.
fs::path program_directory();

/// ../share/phatgoose, seen from the program: in a prefix what was installed, in a build tree a link to the sources.
fs::path data_directory();

}  // namespace phatgoose
