// The rows of a task's file that count, by the task's templates and what the user asks for.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "phatgoose/base/text_file.h"
#include "phatgoose/data/records.h"
#include "phatgoose/data/suite.h"

namespace phatgoose {

/// Which rows of a task's file are evaluated, of those that its templates leave.
struct RowChoice {
  std::optional<std::int64_t> limit = {};  ///< rows per task
  std::optional<std::int64_t> seed = {};   ///< draws these rows; none: the first
  std::size_t line_limit = kMaxLineBytes;
  bool skip_bad = false;  ///< count bad rows and go on, instead of ending with the first
};

/// The rows of a task that are evaluated, and their places in its file.
struct ChosenRows {
  std::vector<Record> records;
  std::vector<std::int64_t> places;
  std::int64_t available = 0;  ///< rows of the file, bad ones not counted
  std::int64_t left_out = 0;   ///< of these by the task's templates
  SkippedRows skipped;
};

/// Reads the task's file. Rows that do not count are told in the log. A file of which the templates leave nothing:
/// bad_data.
ChosenRows choose_rows(const Task& task, const RowChoice& choice);

}  // namespace phatgoose
