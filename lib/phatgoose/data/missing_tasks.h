// Tasks of a suite whose data is not there, which a user may allow.
#pragma once

#include <string>

#include "phatgoose/data/suite.h"

namespace phatgoose {

struct MissingData {
  fs::path directory;         ///< that the data is relative to
  bool is_data_root = false;  ///< the user has named this directory; it is not just that of the suite's file
  bool allowed = false;       ///< tasks that may be missing are left out
};

/// Moves the tasks that have no file from `suite.tasks` to `suite.missing`. One line names the files and where they
/// come from: a warning where all of these tasks may be missing, that is allowed, and some task is left; otherwise
/// bad_data.
void leave_out_missing(Suite& suite, const MissingData& missing);

/// A line for below the table of a suite that lacks tasks: how many, and which; empty where it lacks none.
std::string missing_note(const Suite& suite);

}  // namespace phatgoose
