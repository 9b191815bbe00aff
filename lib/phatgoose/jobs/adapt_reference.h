// Another adaptation to the same tasks, which gains are relative to.
#pragma once

#include <vector>

#include "phatgoose/jobs/adapt_plan.h"

namespace phatgoose {

/// What the runs of `plan` scored in the adaptation `directory`. One that is missing there, or was made or scored on
/// other rows, and a task that scored 0: bad_data.
std::vector<double> reference_scores(const AdaptPlan& plan, const fs::path& directory);

}  // namespace phatgoose
