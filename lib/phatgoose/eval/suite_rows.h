// The rows of a suite, read and tokenised once for all methods.
#pragma once

#include <optional>
#include <vector>

#include "phatgoose/data/chosen_rows.h"
#include "phatgoose/eval/task_answers.h"

namespace phatgoose {

struct SuiteRows {
  std::optional<Tokenizer> tokenizer;  ///< none where the base has none
  std::vector<TaskRows> tasks;

  const Tokenizer* tokenizer_or_null() const { return tokenizer ? &*tokenizer : nullptr; }
};

/// All rows of `suite` that are chosen (which is said where they are not all), checked before anything is computed:
/// bad_data with the line. What is to be known of them is said. `needs`: of every task.
SuiteRows prepare_suite(const Suite& suite, const fs::path& base, const RowChoice& choice,
                        const std::vector<RowNeeds>& needs);

}  // namespace phatgoose
