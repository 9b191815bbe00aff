// The rows of a suite, read and tokenised once for all methods.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "phatgoose/eval/task_answers.h"
#include "phatgoose/settings/eval.h"

namespace phatgoose {

struct SuiteRows {
  std::optional<Tokenizer> tokenizer;  ///< none where the base has none and no row needs one
  std::vector<TaskRows> tasks;
  std::int64_t count = 0;

  const Tokenizer* tokenizer_or_null() const { return tokenizer ? &*tokenizer : nullptr; }
};

/// The suite that `settings` names, with the tasks that it names only, in the suite's order; usage error for a name
/// that the suite lacks.
Suite chosen_suite(const EvalSettings& settings);

/// All rows of `suite` (of each task `settings.limit` at most), checked before anything is computed: bad_data with the
/// line. `with_texts`: TaskRows::texts too.
SuiteRows prepare_suite(const Suite& suite, const EvalSettings& settings, bool with_texts);

}  // namespace phatgoose
