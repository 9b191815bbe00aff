// What kinds of tasks there are, as the user says.
#pragma once

#include <string>
#include <vector>

#include "phatgoose/base/files.h"

namespace phatgoose {

/// Tasks and their categories, by number.
struct Categories {
  std::vector<std::string> names;     ///< in the order of the file
  std::vector<std::int64_t> of_task;  ///< numbers into `names`
};

/// Reads a YAML (or JSON) file of lines TASK: CATEGORY, and takes those of `tasks`. A task without one, fewer than two
/// categories among them, and whatever is no such line: bad_data with the line. Other tasks of the file are told in the
/// log.
Categories read_categories(const fs::path& path, const std::vector<std::string>& tasks);

}  // namespace phatgoose
