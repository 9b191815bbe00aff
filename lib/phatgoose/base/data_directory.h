// Where the files that come with the program are: assets, suites, settings, scripts.
#pragma once

#include "phatgoose/base/files.h"

namespace phatgoose {

/// The directory of the running program, links followed.
inline fs::path program_directory() { return fs::read_symlink("/proc/self/exe").parent_path(); }

/// ../share/phatgoose, seen from the program: in a prefix what was installed, in a build tree a link to the sources.
inline fs::path data_directory() { return program_directory().parent_path() / "share" / "phatgoose"; }

}  // namespace phatgoose
