// The rows of a suite, read and tokenised once for all methods.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "phatgoose/base/text_file.h"
#include "phatgoose/eval/task_answers.h"

namespace phatgoose {

struct SuiteRows {
  std::optional<Tokenizer> tokenizer;  ///< none where the base has none
  std::vector<TaskRows> tasks;

  const Tokenizer* tokenizer_or_null() const { return tokenizer ? &*tokenizer : nullptr; }
};

/// Which rows of a task's file are evaluated, of those that its templates leave.
struct RowChoice {
  std::optional<std::int64_t> limit = {};  ///< rows per task
  std::optional<std::int64_t> seed = {};   ///< draws these rows; none: the first
  std::size_t line_limit = kMaxLineBytes;
  bool skip_bad = false;  ///< count bad rows and go on, instead of ending with the first
};

/// All rows of `suite` that are chosen (which is said where they are not all), checked before anything is computed:
/// bad_data with the line. What is to be known of them is said. `needs`: of every task.
SuiteRows prepare_suite(const Suite& suite, const fs::path& base, const RowChoice& choice,
                        const std::vector<RowNeeds>& needs);

}  // namespace phatgoose
