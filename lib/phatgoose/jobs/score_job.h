// phatgoose score: from saved samples to scores, intervals and tests (METHODS 9), without the model.
#pragma once

#include <string>

#include "phatgoose/settings/score.h"

namespace phatgoose {

/// The text that the command gives, in its format. Where runs do not have the same rows, data or metric for a task, it
/// counts for the method that others are compared with, and then for the first that has it; what is left out of others
/// is said in a warning. A method of which nothing is left: bad_data.
std::string score(const ScoreSettings& settings);

}  // namespace phatgoose
