// phatgoose describe --suite: what target tasks, or their single rows, are about (METHODS 5).
#pragma once

#include "phatgoose/settings/describe.h"

namespace phatgoose {

/// Adds to the file --out what is missing there: for each task a text made from some of its inputs, or one for every
/// row (data/descriptions.h). Answers are kept as they come, in the folder OUT.partial; the file appears with the last,
/// and the folder goes. Texts that were made from the same are not made again. Data or answers that do not fit:
/// bad_data; an endpoint that does not answer: cannot_finish; a stop signal: stopped.
void describe_targets(const DescribeSettings& settings);

}  // namespace phatgoose
