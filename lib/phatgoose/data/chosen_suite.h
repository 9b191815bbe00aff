// The suite that a command's options name.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "phatgoose/data/suite.h"

namespace phatgoose {

/// As the options of the same names say.
struct SuiteChoice {
  std::string suite;                         ///< a file, or the name of a shipped suite
  std::optional<std::string> data_dir = {};  ///< none: the data is relative to the suite's file
  const std::vector<std::string>& tasks;     ///< names; empty: all
  bool allow_missing = false;                ///< leave out tasks that may be missing and are
};

/// The suite's tasks that are asked for and have data. Unknown names: usage error; data that is missing: bad_data
/// (data/missing_tasks.h).
Suite chosen_suite(const SuiteChoice& choice);

/// The suite with these tasks only, in its own order; without names with all of them. An unknown one: usage error.
Suite with_tasks(Suite suite, const std::vector<std::string>& names);

}  // namespace phatgoose
