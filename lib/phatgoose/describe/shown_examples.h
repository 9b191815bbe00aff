// Which rows are shown to whoever describes a task, and how (METHODS 5).
#pragma once

#include <cstdint>
#include <vector>

#include "phatgoose/data/records.h"
#include "phatgoose/describe/text_source.h"

namespace phatgoose {

struct ShowingRule {
  std::int64_t examples = 3;
  std::int64_t seed = 0;       ///< draws them
  std::int64_t length = 1000;  ///< characters of an input, and of a target, that are shown
  bool targets = false;
};

/// The row without white space at its ends; of a text that is longer than the rule says the beginning, and "...". A row
/// of ids: bad_data at its line.
ShownExample show(const Record& record, const ShowingRule& rule);

/// Rows drawn without replacement, in the order in which they were drawn; all, where there are not more. A pure
/// function of its arguments.
std::vector<ShownExample> draw_examples(const std::vector<Record>& records, const ShowingRule& rule);

/// The inputs, as shown.
std::vector<std::string> shown_inputs(const std::vector<ShownExample>& examples);

}  // namespace phatgoose
