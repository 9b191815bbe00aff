// The rows of a suite, read and tokenised once for all methods.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "phatgoose/eval/task_answers.h"
#include "phatgoose/settings/eval.h"

namespace phatgoose {

struct SuiteRows {
  std::optional<Tokenizer> tokenizer;  ///< none where the base has none
  std::vector<TaskRows> tasks;

  const Tokenizer* tokenizer_or_null() const { return tokenizer ? &*tokenizer : nullptr; }
};

/// The suite with these tasks only, in its own order; without names with all of them. A name that it lacks: usage
/// error, or bad_data where the names stand in a file, at `source` ("FILE:LINE").
Suite with_tasks(Suite suite, const std::vector<std::string>& names, const std::string& source = {});

/// Usage error for --limit-seed without --limit.
void check_limit(const EvalSettings& settings);

/// All rows of `suite` (of each task `settings.limit` at most, which is said), checked before anything is computed:
/// bad_data with the line. What is to be known of them is said. `needs`: of every task.
SuiteRows prepare_suite(const Suite& suite, const EvalSettings& settings, const std::vector<RowNeeds>& needs);

}  // namespace phatgoose
